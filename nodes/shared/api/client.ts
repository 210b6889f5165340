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
import type { Purpose } from './errorMessages';
import { failureOfResponse, failureOfNetworkError, invalidResponse, type Failure } from './failure';
import { toNetworkError } from './networkError';
import { firstIssue } from './schemas';
import { redact } from '../values/strings';

export const credentialName = 'alloMiaApi';

/** The n8n contexts that can send requests with a credential. */
export type RequestContext = IExecuteFunctions | IWebhookFunctions | ILoadOptionsFunctions;

/** Connection settings for the AlloMia API. The key signs callback URLs and is redacted from messages. */
export interface Connection {
	baseUrl: string;
	apiKey: string;
	/** The credential as n8n provides it: passed with each request, n8n does not read it again. */
	credential: ICredentialsDecrypted;
}

/** A request to the AlloMia API. */
export interface ApiRequest<Schema extends z.ZodTypeAny> {
	method: IHttpRequestMethods;
	/** Path below the base URL, with a leading slash; variable segments are URL-encoded. */
	path: string;
	query?: Record<string, string | number>;
	body?: object;
	/** In ms. */
	timeout: number;
	purpose: Purpose;
	/** Validates the response. */
	schema: Schema;
}

/** A validated response: the documented fields, and any others it contains. */
export type ApiResponse<Schema extends z.ZodTypeAny> = z.output<Schema> & IDataObject;

export type ApiResult<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** The default timeout of a request, in ms. */
export const defaultTimeout = 30_000;

/**
 * Reads the credential.
 * @throws CredentialError if it is invalid
 */
export async function connect(context: RequestContext): Promise<Connection> {
	return readConnection(await context.getCredentials(credentialName));
}

/**
 * Validates a credential's data.
 * @throws CredentialError if it is invalid
 */
export function readConnection(data: ICredentialDataDecryptedObject): Connection {
	return {
		baseUrl: readBaseUrl(data.baseUrl),
		apiKey: readApiKey(data.apiKey),
		credential: { id: '', name: credentialName, type: credentialName, data },
	};
}

/**
 * Sends a request to AlloMia, without retries, and validates the response. Errors of AlloMia or the network
 * are returned as failures, not thrown. Redirects are not followed, so that neither the key nor a call is
 * sent to another host.
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
		const problem = body.trim() === '' ? 'without a body' : 'not with JSON';
		return { ok: false, failure: invalidResponse(statusCode, problem, purpose) };
	}
	const checked = schema.safeParse(json);
	if (!checked.success) {
		const problem = `not as documented (${firstIssue(checked.error)})`;
		return { ok: false, failure: invalidResponse(statusCode, problem, purpose) };
	}
	// The response itself, not zod's copy: its fields stay unchanged and in AlloMia's order.
	return { ok: true, value: json as ApiResponse<Schema> };
}

/**
 * The context without its cancellation signal. n8n aborts the requests of a stopped execution; for requests
 * that change something, the outcome would then be unknown.
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
