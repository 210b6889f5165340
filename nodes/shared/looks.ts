import { sleep, type IHttpRequestOptions } from 'n8n-workflow';

/** Sends a request without any credential; n8n's own helper. */
export type Poster = (options: IHttpRequestOptions) => Promise<unknown>;

/** The header of a request by which we ask ourselves to look how the calls stand. */
export const lookHeader = 'x-allomia-look';

/** A later request to a waiting execution's own address. It must stay small: many wait for long. */
export interface Look {
	/** The wait that it belongs to: one look at a time is enough for it. */
	key: string;
	/** The execution's signed address for one of its calls. */
	url: string;
	/** A status object of that call. */
	event: object;
}

/** The longest single sleep, in ms: timers cannot hold more than some 24 days. */
const longestSleep = 24 * 3_600_000;

const timeout = 30_000;

/** One helper serves all looks, so that a waiting execution keeps nothing of itself in memory. */
let post: Poster | undefined;

const scheduled = new Set<string>();

/** To be called with the helper of any execution before a look is scheduled. */
export function usePoster(poster: Poster): void {
	post = poster;
}

/**
 * Looks soon after an execution has parked: n8n refuses callbacks (409) until it has stored it, so
 * an outcome may have been turned away. It goes on until n8n takes the look.
 */
export function lookAfterParking(look: Look): void {
	void repeat(look, 300, 60_000);
}

/** Looks at the given time, in ms since 1970. */
export function lookAt(look: Look, time: number): void {
	const key = `${look.key}@${time}`;
	if (scheduled.has(key)) return;
	scheduled.add(key);
	void sleepUntil(time).then(async () => {
		scheduled.delete(key);
		await repeat(look, 0, 30_000);
	});
}

/** Sends the look, and again with growing waits while n8n or AlloMia is not ready for it. */
async function repeat(look: Look, firstWait: number, longest: number): Promise<void> {
	let wait = firstWait;
	for (let attempt = 0; attempt < 20; attempt += 1) {
		await sleep(wait);
		if (await send(look)) return;
		wait = Math.min(Math.max(wait * 2, 300), longest);
	}
}

/** Whether the look was taken, or there is nothing left to look at. */
async function send({ url, event }: Look): Promise<boolean> {
	if (!post) return true;
	try {
		const answer = (await post({
			method: 'POST',
			url,
			headers: { 'content-type': 'application/json', [lookHeader]: '1' },
			body: JSON.stringify(event),
			encoding: 'text',
			timeout,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; body: unknown };
		// Still running: n8n has not stored the execution yet.
		const notParked = answer.statusCode === 409 && String(answer.body).includes('running');
		return !notParked && answer.statusCode < 500;
	} catch {
		return false;
	}
}

async function sleepUntil(time: number): Promise<void> {
	for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
		await sleep(Math.min(left, longestSleep));
	}
}
