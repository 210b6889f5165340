import type { IExecuteFunctions } from 'n8n-workflow';
import type { z } from 'zod';
import { send, type ApiResponse, type ApiRequest, type ApiResult, type Connection } from './client';
import { abortableSleep } from '../values/abort';
import { nextWait } from './retryPolicy';

/**
 * Sends a request, with retries if AlloMia certainly did not accept it (see `retryPolicy.ts`). If the execution is
 * stopped meanwhile, it returns the last failure.
 */
export async function sendWithRetries<Schema extends z.ZodTypeAny>(
	context: IExecuteFunctions,
	connection: Connection,
	request: ApiRequest<Schema>,
): Promise<ApiResult<ApiResponse<Schema>>> {
	const signal = context.getExecutionCancelSignal();
	let waited = 0;
	for (let attempt = 1; ; attempt += 1) {
		const result = await send(context, connection, request);
		if (result.ok || signal?.aborted) return result;
		const wait = nextWait(result.failure, attempt, waited, Math.random());
		if (wait === undefined) return result;
		await abortableSleep(wait, signal);
		if (signal?.aborted) return result;
		waited += wait;
	}
}
