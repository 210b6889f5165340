import { sleep } from 'n8n-workflow';

/** Sleeps `ms`, or until the signal aborts. */
export async function abortableSleep(ms: number, signal?: AbortSignal): Promise<void> {
	await unlessAborted(sleep(ms), signal);
}

/** The result of `work`, or undefined as soon as the signal aborts. */
export async function unlessAborted<T>(
	work: Promise<T>,
	signal: AbortSignal | undefined,
): Promise<T | undefined> {
	if (!signal) return await work;
	if (signal.aborted) return undefined;
	let stop = (): void => {};
	const aborted = new Promise<undefined>((resolve) => {
		stop = () => resolve(undefined);
		signal.addEventListener('abort', stop, { once: true });
	});
	try {
		return await Promise.race([work, aborted]);
	} finally {
		signal.removeEventListener('abort', stop);
	}
}
