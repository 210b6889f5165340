import { sleep } from 'n8n-workflow';

/** Waits `ms`, or until `signal` says that the execution was cancelled. */
export async function abortableSleep(ms: number, signal?: AbortSignal): Promise<void> {
	await unlessAborted(sleep(ms), signal);
}

/** What `work` gives, or undefined at once when `signal` says that the execution was cancelled. */
export async function unlessAborted<T>(
	work: Promise<T>,
	signal: AbortSignal | undefined,
): Promise<T | undefined> {
	if (!signal) return await work;
	if (signal.aborted) return undefined;
	let stop = (): void => {};
	const cancelled = new Promise<undefined>((resolve) => {
		stop = () => resolve(undefined);
		signal.addEventListener('abort', stop, { once: true });
	});
	try {
		return await Promise.race([work, cancelled]);
	} finally {
		signal.removeEventListener('abort', stop);
	}
}
