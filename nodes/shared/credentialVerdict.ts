import type { INodeCredentialTestResult } from 'n8n-workflow';
import { z } from 'zod';
import type { Connection } from './api';
import { errorAnswer } from './schemas';
import { redact } from './text';

const httpAnswer = z.object({ statusCode: z.number(), body: z.unknown() });

/** What AlloMia's answer to the request for a call that does not exist says about the key. */
export function judgeCredential(answer: unknown, baseUrl: string): INodeCredentialTestResult {
	const parsed = httpAnswer.safeParse(answer);
	if (!parsed.success) return notAlloMia(baseUrl);
	const { statusCode, body } = parsed.data;
	const said = errorAnswer.safeParse(asJson(body)).data?.error;
	if (statusCode === 404 && said === 'Outbound call not found') {
		return { status: 'OK', message: 'Connection successful' };
	}
	if (statusCode === 401) {
		return { status: 'Error', message: said ?? 'Invalid or missing API key' };
	}
	if (said === undefined || statusCode === 404) return notAlloMia(baseUrl);
	return { status: 'Error', message: `AlloMia said: ${said}` };
}

/** What to say where no answer came. */
export function unreachable(
	error: unknown,
	connection: Pick<Connection, 'baseUrl' | 'apiKey'>,
): INodeCredentialTestResult {
	const detail = redact(error instanceof Error ? error.message : String(error), connection.apiKey);
	return {
		status: 'Error',
		message: `AlloMia does not answer at ${connection.baseUrl} (${detail}). Check Base URL and n8n’s connection to the internet.`,
	};
}

function notAlloMia(baseUrl: string): INodeCredentialTestResult {
	return {
		status: 'Error',
		message: `What answers at ${baseUrl} is not AlloMia’s API. Check Base URL.`,
	};
}

function asJson(body: unknown): unknown {
	if (typeof body !== 'string') return body;
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}
