import { sleep, type IHttpRequestOptions } from 'n8n-workflow';

/** Sends a request without any credential; n8n's own helper. */
export type Poster = (options: IHttpRequestOptions) => Promise<unknown>;

/** The header of a request by which we ask ourselves to look how the calls stand. */
export const lookHeader = 'x-allomia-look';

/** A later request to a waiting execution's own address. It must stay small: many wait for long. */
export interface Look {
	/** The wait that it belongs to. */
	wait: string;
	/** The execution's signed address for one of its calls. */
	url: string;
	/** A status object of that call. */
	event: object;
	/** When the wait is over, in ms since 1970. */
	deadline: number;
}

/**
 * How long after the limit n8n goes on by itself, with what it stored at the parking, in ms. By then
 * we have done so, with what AlloMia says; this is for the case that nothing of ours is running.
 */
export const grace = 60_000;

/** The first look after the parking, in ms; each later one comes after three times as long. */
const firstLook = 300;
const growth = 3;

/** How long outcomes of the same time are left to arrive before the others are asked about, in ms. */
const soon = 1_000;

/** The longest single sleep, in ms: timers cannot hold more than some 24 days. */
const longestSleep = 24 * 3_600_000;

const timeout = 30_000;

/** One helper serves all looks, so that a waiting execution keeps nothing of itself in memory. */
let post: Poster | undefined;

/** The looks of this process that are to come: one of each kind is enough for a wait. */
const scheduled = new Set<string>();

/** To be called with the helper of any execution before a look is scheduled. */
export function usePoster(poster: Poster): void {
	post = poster;
}

/**
 * Looks soon after an execution has parked, at growing intervals from then on, and at its limit.
 * n8n refuses callbacks (409) until it has stored the execution, and a callback may be lost on its
 * way for any other reason: AlloMia is not known to send it again.
 */
export function watch(look: Look): void {
	once('watch', look, async () => {
		for (let wait = firstLook; Date.now() + wait < look.deadline; wait *= growth) {
			await sleepUntil(Date.now() + wait);
			if (await isOver(look)) return;
		}
		lookAtLimit(look);
	});
}

/** Looks in a moment. */
export function lookSoon(look: Look): void {
	once('soon', look, async () => {
		await sleep(soon);
		await isOver(look);
	});
}

/** Looks at the limit, and again until n8n has gone on. */
export function lookAtLimit(look: Look): void {
	once('limit', look, async () => {
		await sleepUntil(look.deadline);
		for (let wait = 1_000; !(await isOver(look)); wait *= 2) {
			if (Date.now() > look.deadline + grace) return;
			await sleep(wait);
		}
	});
}

function once(kind: string, look: Look, run: () => Promise<void>): void {
	const key = `${kind} ${look.wait}`;
	if (scheduled.has(key)) return;
	scheduled.add(key);
	void run().finally(() => scheduled.delete(key));
}

/** Sends the look; whether nothing is left to look at, since the execution no longer waits. */
async function isOver({ url, event }: Look): Promise<boolean> {
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
			disableFollowRedirect: true,
		})) as { statusCode: number; body: unknown };
		const text = String(answer.body);
		// n8n has not stored the execution yet, or it is at another node: it may come back to this one.
		if (answer.statusCode === 409) return !text.includes('running');
		// Something on the way to n8n, or n8n itself, is not ready.
		if (answer.statusCode >= 500) return false;
		return !text.includes('ignored');
	} catch {
		return false;
	}
}

async function sleepUntil(time: number): Promise<void> {
	for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
		await sleep(Math.min(left, longestSleep));
	}
}
