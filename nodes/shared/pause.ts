import { sleep } from 'n8n-workflow';

/** Waits `ms`, or until `signal` says that the execution was cancelled. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
	if (!signal) return await sleep(ms);
	if (signal.aborted) return;
	let stop = (): void => {};
	const cancelled = new Promise<void>((resolve) => {
		stop = resolve;
		signal.addEventListener('abort', stop, { once: true });
	});
	await Promise.race([sleep(ms), cancelled]);
	signal.removeEventListener('abort', stop);
}
