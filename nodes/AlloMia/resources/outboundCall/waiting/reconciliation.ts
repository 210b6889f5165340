import { sleep, type IHttpRequestOptions } from 'n8n-workflow';
import pLimit from 'p-limit';
import { responses } from '../../../../shared/callbacks/responses';

/*
 * Reconciliation: a waiting execution asks AlloMia for its calls' status, in case that callbacks got lost. Only
 * the webhook of an execution can resume it, so this process sends it a request, signed like a callback.
 */

/** n8n's helper for requests without a credential. */
export type HttpRequest = (options: IHttpRequestOptions) => Promise<unknown>;

/** The header that tells a request for reconciliation from a callback. */
export const reconciliationHeader = 'x-allomia-look';

/** A request to a waiting execution to reconcile. Small, since many executions may wait for long. */
export interface Reconciliation {
	/** Identifies the wait: see `WaitingState`. */
	wait: string;
	/** The signed callback URL of one of the execution's calls. */
	url: string;
	/** A status object of that call. */
	event: object;
	/** When the wait ends, in ms since 1970. */
	deadline: number;
}

/**
 * How long after the deadline n8n itself resumes the execution with what was stored when it was parked, in ms.
 * That only happens if no process of ours did so before, with AlloMia's statuses.
 */
export const grace = 60_000;

/** The wait before the first reconciliation, in ms; each further one is longer by the factor. */
const firstWait = 300;
const growth = 4;

/** How long after the last callback the other calls are reconciled, in ms. */
export const reconciliationDelay = 1_000;

/** The longest single sleep, in ms: timers overflow after 24 days. */
const longestSleep = 24 * 3_600_000;

const timeout = 30_000;

/** Few requests at a time: each takes memory in n8n, and many executions may have been parked together. */
const limited = pLimit(3);

/** More at the deadline: many executions may have the same, and n8n resumes them soon after. */
const limitedAtDeadline = pLimit(20);

/** The helper of any execution, so that waiting executions are not kept in memory. */
let httpRequest: HttpRequest | undefined;

/** When the last callback came to a wait that is to be reconciled soon, in ms since 1970. */
const lastCallback = new Map<string, number>();

/** The scheduled reconciliations of this process: one of each kind per wait. */
const scheduled = new Set<string>();

/** Sets the helper for all reconciliations. Must be called before one is scheduled. */
export function useHttpRequest(helper: HttpRequest): void {
	httpRequest = helper;
}

/**
 * Schedules reconciliations: soon, at growing intervals, and at the deadline. n8n rejects callbacks (409) until
 * it has stored the execution, and AlloMia is not known to send them again.
 */
export function reconcileUntilDeadline(reconciliation: Reconciliation): void {
	schedule('until deadline', reconciliation, async () => {
		for (let wait = firstWait; Date.now() + wait < reconciliation.deadline; wait *= growth) {
			await sleepUntil(Date.now() + wait);
			if (await isOver(reconciliation)) return;
		}
		await reconcileAtDeadline(reconciliation);
	});
}

/** Reconciles at the deadline, with retries until the execution is resumed. */
async function reconcileAtDeadline(reconciliation: Reconciliation): Promise<void> {
	await sleepUntil(reconciliation.deadline);
	for (let wait = 1_000; !(await isOver(reconciliation, limitedAtDeadline)); wait *= 2) {
		if (Date.now() > reconciliation.deadline + grace) return;
		await sleep(wait);
	}
}

/** Schedules a reconciliation for when no callback has come for a moment. */
export function reconcileSoon(reconciliation: Reconciliation): void {
	const { wait } = reconciliation;
	lastCallback.set(wait, Date.now());
	schedule('soon', reconciliation, async () => {
		for (let last = lastCallback.get(wait); last !== undefined; ) {
			await sleepUntil(last + reconciliationDelay);
			const newest = lastCallback.get(wait);
			if (newest === last) await isOver(reconciliation);
			// Callbacks that came meanwhile may need another one.
			if (lastCallback.get(wait) === last) lastCallback.delete(wait);
			last = lastCallback.get(wait);
		}
	});
}

function schedule(kind: string, { wait }: Reconciliation, run: () => Promise<void>): void {
	const key = `${kind} ${wait}`;
	if (scheduled.has(key)) return;
	scheduled.add(key);
	void run().finally(() => scheduled.delete(key));
}

/** Sends the request. Returns whether the execution is no longer waiting. */
async function isOver(reconciliation: Reconciliation, limit = limited): Promise<boolean> {
	return await limit(async () => await send(reconciliation));
}

async function send({ url, event }: Reconciliation): Promise<boolean> {
	if (!httpRequest) return true;
	try {
		const response = (await httpRequest({
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
		const text = String(response.body);
		switch (response.statusCode) {
			case 200:
				return !text.includes('ignored');
			case 409:
				// A running execution is not stored yet, or is at another node: it may come back to this one.
				return text.includes('finished');
			case 404:
				// Either n8n does not know the execution, or a proxy's page which may contain the URL.
				return /"The (workflow for )?execution /.test(text);
			case 401:
				return text.includes(responses.unverified.body.error);
			default:
				// n8n, or a proxy in front of it, is not ready, or is limiting requests.
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
