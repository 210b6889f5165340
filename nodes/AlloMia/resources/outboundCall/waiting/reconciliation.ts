import { sleep, type IHttpRequestOptions } from 'n8n-workflow';
import pLimit from 'p-limit';
import { responses } from '../../../../shared/callbacks/responses';

/** Sends a request without any credential; n8n's own helper. */
export type HttpRequest = (options: IHttpRequestOptions) => Promise<unknown>;

/** The header of a request by which we ask ourselves to look how the calls stand. */
export const reconciliationHeader = 'x-allomia-look';

/** A later request to a waiting execution's own address. It must stay small: many wait for long. */
export interface Reconciliation {
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

/** The first look after the parking, in ms; each later one comes after four times as long. */
const firstWait = 300;
const growth = 4;

/** How long after the last callback the other calls are asked about, in ms. */
export const soon = 1_000;

/** The longest single sleep, in ms: timers cannot hold more than some 24 days. */
const longestSleep = 24 * 3_600_000;

const timeout = 30_000;

/** A few at a time: each costs n8n some memory while it lasts, and many may have parked together. */
const fewAtATime = pLimit(3);

/** At the limit more: many may have the same, and n8n goes on by itself soon after. */
const moreAtATime = pLimit(20);

/** One helper serves all looks, so that a waiting execution keeps nothing of itself in memory. */
let post: HttpRequest | undefined;

/** When the last callback came to a wait that is to be looked at soon, in ms since 1970. */
const lastCallback = new Map<string, number>();

/** The looks of this process that are to come: one of each kind is enough for a wait. */
const scheduled = new Set<string>();

/** To be called with the helper of any execution before a look is scheduled. */
export function useHttpRequest(poster: HttpRequest): void {
	post = poster;
}

/**
 * Looks soon, at growing intervals from then on, and at the limit: n8n refuses callbacks (409) until
 * it has stored an execution, and a callback may be lost on its way for any other reason. AlloMia is
 * not known to send it again.
 */
export function reconcileUntilDeadline(look: Reconciliation): void {
	once('watch', look, async () => {
		for (let wait = firstWait; Date.now() + wait < look.deadline; wait *= growth) {
			await sleepUntil(Date.now() + wait);
			if (await isOver(look)) return;
		}
		await reconcileAtDeadline(look);
	});
}

/** Looks at the limit, and again until n8n has gone on. */
async function reconcileAtDeadline(look: Reconciliation): Promise<void> {
	await sleepUntil(look.deadline);
	for (let wait = 1_000; !(await isOver(look, moreAtATime)); wait *= 2) {
		if (Date.now() > look.deadline + grace) return;
		await sleep(wait);
	}
}

/** Looks once callbacks have ceased to come for a moment. */
export function reconcileSoon(look: Reconciliation): void {
	lastCallback.set(look.wait, Date.now());
	once('soon', look, async () => {
		for (let last = lastCallback.get(look.wait); last !== undefined; ) {
			await sleepUntil(last + soon);
			const newest = lastCallback.get(look.wait);
			if (newest === last) await isOver(look);
			// Callbacks that came while it was looked may need another look.
			if (lastCallback.get(look.wait) === last) lastCallback.delete(look.wait);
			last = lastCallback.get(look.wait);
		}
	});
}

function once(kind: string, look: Reconciliation, run: () => Promise<void>): void {
	const key = `${kind} ${look.wait}`;
	if (scheduled.has(key)) return;
	scheduled.add(key);
	void run().finally(() => scheduled.delete(key));
}

/** Sends the look; whether nothing is left to look at, since the execution no longer waits. */
async function isOver(look: Reconciliation, limit = fewAtATime): Promise<boolean> {
	return await limit(async () => await send(look));
}

async function send({ url, event }: Reconciliation): Promise<boolean> {
	if (!post) return true;
	try {
		const answer = (await post({
			method: 'POST',
			url,
			headers: { 'content-type': 'application/json', [reconciliationHeader]: '1' },
			body: JSON.stringify(event),
			encoding: 'text',
			timeout,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
		})) as { statusCode: number; body: unknown };
		const text = String(answer.body);
		switch (answer.statusCode) {
			case 200:
				return !text.includes('ignored');
			case 409:
				// While it runs, n8n has not stored it yet, or it is at another node: it may come back to this one.
				return text.includes('finished');
			case 404:
				// n8n knows of no such execution; or something on the way to n8n, which may name the address.
				return /"The (workflow for )?execution /.test(text);
			case 401:
				return text.includes(responses.unverified.body.error);
			default:
				// Something on the way to n8n, or n8n itself, is not ready, or wants fewer requests.
				return false;
		}
	} catch {
		return false;
	}
}

async function sleepUntil(time: number): Promise<void> {
	for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
		await sleep(Math.min(left, longestSleep));
	}
}
