import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IN8nHttpFullResponse,
	IWebhookFunctions,
} from 'n8n-workflow';
import type { z } from 'zod';
import { readApiKey, readBaseUrl } from './credential';
import {
	failureOfResponse,
	failureOfNetworkError,
	invalidResponse,
	type Failure,
	type Purpose,
} from './failure';
import { toNetworkError } from './networkError';
import { firstIssue } from './schemas';
import { redact } from '../values/strings';

export const credentialName = 'alloMiaApi';

/** Any of n8n's contexts that can send a request with the credential. */
export type RequestContext = IExecuteFunctions | IWebhookFunctions | ILoadOptionsFunctions;

/** Whom we talk to. The key is here to sign callback URLs and to be blanked out of texts. */
export interface Connection {
	baseUrl: string;
	apiKey: string;
	/** What n8n gave us. Handed back with each request, it saves n8n from reading it for each. */
	credential: ICredentialsDecrypted;
}

export interface ApiRequest<Schema extends z.ZodTypeAny> {
	method: IHttpRequestMethods;
	/** Below the base URL, with a leading slash; every variable segment already encoded. */
	path: string;
	query?: Record<string, string | number>;
	body?: object;
	/** In ms. */
	timeout: number;
	purpose: Purpose;
	/** What the answer must look like. */
	schema: Schema;
}

/** An answer of AlloMia's: the documented fields, and whatever else it holds. */
export type ApiResponse<Schema extends z.ZodTypeAny> = z.output<Schema> & IDataObject;

export type ApiResult<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** How long a request may take unless the user says otherwise, in ms. */
export const defaultTimeout = 30_000;

/**
 * The credential, read once per run.
 * @throws CredentialError where it cannot be used
 */
export async function connect(context: RequestContext): Promise<Connection> {
	return readConnection(await context.getCredentials(credentialName));
}

/** @throws CredentialError where it cannot be used */
export function readConnection(data: ICredentialDataDecryptedObject): Connection {
	return {
		baseUrl: readBaseUrl(data.baseUrl),
		apiKey: readApiKey(data.apiKey),
		credential: { id: '', name: credentialName, type: credentialName, data },
	};
}

/**
 * Sends one request to AlloMia, once, and checks the answer. It never throws for what AlloMia or
 * the network does: a failure says what happened and what it means. Redirects are not followed, so
 * that neither the key nor a dial goes anywhere else.
 */
export async function send<Schema extends z.ZodTypeAny>(
	context: RequestContext,
	connection: Connection,
	request: ApiRequest<Schema>,
): Promise<ApiResult<ApiResponse<Schema>>> {
	const options: IHttpRequestOptions = {
		method: request.method,
		url: `${connection.baseUrl}${request.path}`,
		headers: { accept: 'application/json' },
		timeout: request.timeout,
		encoding: 'text',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};
	if (request.query) options.qs = request.query;
	if (request.body) {
		options.body = JSON.stringify(request.body);
		options.headers = { ...options.headers, 'content-type': 'application/json' };
	}
	const result = await exchange(context, connection, options, request);
	return result.ok
		? result
		: { ok: false, failure: redactSecret(result.failure, connection.apiKey) };
}

async function exchange<Schema extends z.ZodTypeAny>(
	context: RequestContext,
	{ credential }: Connection,
	options: IHttpRequestOptions,
	{ purpose, schema }: ApiRequest<Schema>,
): Promise<ApiResult<ApiResponse<Schema>>> {
	let response: IN8nHttpFullResponse;
	try {
		response = (await context.helpers.httpRequestWithAuthentication.call(
			purpose === 'read' ? context : withoutCancellation(context),
			credentialName,
			options,
			{ credentialsDecrypted: credential },
		)) as IN8nHttpFullResponse;
	} catch (error) {
		return { ok: false, failure: failureOfNetworkError(toNetworkError(error), purpose) };
	}
	const { statusCode, headers } = response;
	const body = typeof response.body === 'string' ? response.body : '';
	if (statusCode < 200 || statusCode >= 300) {
		return {
			ok: false,
			failure: failureOfResponse({ statusCode, headers, body }, purpose, Date.now()),
		};
	}
	let json: unknown;
	try {
		json = JSON.parse(body);
	} catch {
		const problem = body.trim() === '' ? 'with nothing in it' : 'not with JSON';
		return { ok: false, failure: invalidResponse(statusCode, problem, purpose) };
	}
	const checked = schema.safeParse(json);
	if (!checked.success) {
		const problem = `with something else than documented (${firstIssue(checked.error)})`;
		return { ok: false, failure: invalidResponse(statusCode, problem, purpose) };
	}
	// The answer itself, not the schema's copy: users get it untouched, its fields in AlloMia's order.
	return { ok: true, value: json as ApiResponse<Schema> };
}

/**
 * n8n breaks off the requests of an execution that is stopped, also those that are not on their way yet.
 * Nobody would know then whether AlloMia has taken them: what changes something goes on to its answer.
 */
function withoutCancellation(context: RequestContext): RequestContext {
	return Object.create(context, { getExecutionCancelSignal: { value: () => undefined } });
}

function redactSecret(failure: Failure, secret: string): Failure {
	return {
		...failure,
		message: redact(failure.message, secret),
		description: redact(failure.description, secret),
	};
}
