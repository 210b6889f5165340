import { growthOf, type Sample } from './growth';

/** What the simulator and the driver know of a run, and what n8n has stored of it. */
export interface Evidence {
	lists: SentList[];
	runs: Run[];
	dials: Array<{ outboundCallId: string; phone: string }>;
	/** The callbacks that n8n has taken: answered with 200 and `received`, and not `ignored`. */
	taken: string[];
	samples: Sample[];
}

/** A list that n8n was sent. */
export interface SentList {
	id: string;
	kind: string;
	/** The phone numbers, in the order of the items. */
	people: string[];
	/** How often n8n said that it had it. Where it did not answer, it may have it all the same. */
	accepted: number;
}

/** An execution. */
export interface Run {
	id: number;
	retryOf: number | undefined;
	status: string;
	/** What n8n says of it, if it failed. */
	error?: string;
	/** Whether n8n has discarded its data: a retry has nothing to do then. */
	isEmpty: boolean;
	/** The list that it is for. */
	list?: string;
	/** The call whose result started it. */
	result?: string;
	answers: Answer[];
	/** The calls whose results its AlloMia Trigger emitted. */
	events: string[];
}

/** An item that came out of a node. */
export interface Answer {
	/** The number that it says it is for. */
	phone?: string;
	/** The item that it is for, where it has no number. */
	index?: number;
	outboundCallId?: string;
	status?: string;
	error?: string;
	alreadyCalled?: boolean;
	callAt?: string;
	timedOut?: boolean;
}

/** What is wrong. All of them are empty where the promises were kept. */
export interface Faults {
	/** Phone numbers that were called more than once. */
	calledTwice: string[];
	/** People whose execution succeeded without an item for them, or never did. */
	unaccounted: string[];
	/** Items with the call of somebody else, or with one that was never placed. */
	mixedUp: string[];
	/** Calls whose result n8n had taken, and that came out nowhere. */
	lostResults: string[];
	/** Executions that had not ended. */
	stuck: number[];
	/** Lists that n8n had accepted, and of which it has fewer executions. */
	lostLists: string[];
	/** Parts of n8n whose processes hold more the older they are. */
	growing: string[];
}

/** What happened, in figures. */
export interface Counts {
	lists: number;
	items: number;
	calls: number;
	reruns: number;
	results: number;
	/** Items and results in executions whose data n8n has discarded. */
	discardedItems: number;
	/** How many people of these items were called. */
	discardedCalls: number;
	discardedResults: number;
	/** Results that came out of a trigger more than once. */
	repeatedResults: number;
	/** How often each kind of answer came, by its error message where it has one. */
	answers: Record<string, number>;
	/** People who were not called, and whose error says that they may have been. */
	leftAlone: number;
}

export interface Verdict {
	faults: Faults;
	counts: Counts;
}

const open = ['new', 'running', 'waiting', 'unknown'];

/** Holds what came out of n8n against what the simulator knows. */
export function judge({ lists, runs, dials, taken, samples }: Evidence): Verdict {
	const phoneOf = new Map(dials.map(({ outboundCallId, phone }) => [outboundCallId, phone]));
	const called = countEach(dials.map(({ phone }) => phone));
	const answers: Record<string, number> = {};
	const faults: Faults = {
		calledTwice: [...called].filter(([, times]) => times > 1).map(([phone]) => phone),
		unaccounted: [],
		mixedUp: [],
		lostResults: [],
		stuck: runs.filter(({ status }) => open.includes(status)).map(({ id }) => id),
		lostLists: [],
		growing: growthOf(samples)
			.filter(({ grows }) => grows)
			.map(({ part }) => part),
	};
	const leftAlone = new Set<string>();
	const shown = new Set<string>();
	const retries = new Map(runs.map((run) => [run.retryOf, run]));
	const lost = runs.filter((run) => {
		const last = lastOf(run, retries);
		return run.isEmpty && run.status !== 'success' && last.status !== 'success';
	});
	const discarded: string[] = [];

	for (const list of lists) {
		const roots = runs.filter((run) => run.list === list.id && run.retryOf === undefined);
		if (roots.length < list.accepted) faults.lostLists.push(list.id);
		for (const root of roots) {
			if (lost.includes(root)) {
				discarded.push(...list.people);
				continue;
			}
			const last = lastOf(root, retries);
			const byPhone = new Map(
				last.answers.map((answer) => [answer.phone ?? list.people[answer.index ?? -1], answer]),
			);
			for (const phone of list.people) {
				const answer = last.status === 'success' ? byPhone.get(phone) : undefined;
				if (!answer) {
					faults.unaccounted.push(
						`${phone} in execution ${last.id} (${last.status}): ${list.kind}`,
					);
					continue;
				}
				const kind = kindOf(answer);
				answers[kind] = (answers[kind] ?? 0) + 1;
				if (answer.outboundCallId && phoneOf.get(answer.outboundCallId) !== phone) {
					faults.mixedUp.push(`${phone} in execution ${last.id}: ${list.kind}`);
				}
				if (answer.error && mayHaveBeenCalled(answer.error) && !called.has(phone)) {
					leftAlone.add(phone);
				}
				if (answer.outboundCallId && answer.status !== 'calling' && !answer.timedOut) {
					shown.add(answer.outboundCallId);
				}
			}
		}
	}

	const emitted = countEach(
		runs
			.filter(({ retryOf }) => retryOf === undefined)
			.map((root) => lastOf(root, retries))
			.filter(({ status }) => status === 'success')
			.flatMap(({ events }) => events),
	);
	for (const id of emitted.keys()) shown.add(id);
	const missing = [...new Set(taken)].filter((id) => !shown.has(id));
	const inLost = new Set(lost.map(({ result }) => result));
	faults.lostResults = missing.filter((id) => !inLost.has(id));

	return {
		faults,
		counts: {
			lists: lists.reduce((sum, { accepted }) => sum + accepted, 0),
			items: lists.reduce((sum, { accepted, people }) => sum + accepted * people.length, 0),
			calls: dials.length,
			reruns: runs.filter(({ retryOf }) => retryOf !== undefined).length,
			results: new Set(taken).size,
			repeatedResults: [...emitted.values()].filter((times) => times > 1).length,
			discardedItems: discarded.length,
			discardedCalls: discarded.filter((phone) => called.has(phone)).length,
			discardedResults: missing.length - faults.lostResults.length,
			answers,
			leftAlone: leftAlone.size,
		},
	};
}

/** The last of the runs that repeat an execution. */
function lastOf(root: Run, retries: Map<number | undefined, Run>): Run {
	let last = root;
	for (let next = retries.get(last.id); next; next = retries.get(last.id)) last = next;
	return last;
}

function kindOf({ error, alreadyCalled, callAt, timedOut, status }: Answer): string {
	if (error !== undefined) return `error: ${error}`;
	if (alreadyCalled) return 'already called';
	if (callAt !== undefined) return 'outside of the hours';
	return timedOut ? 'timed out' : (status ?? 'called');
}

function mayHaveBeenCalled(error: string): boolean {
	return error.includes('interrupted') || error.includes('unknown who has claimed');
}

function countEach<T>(values: T[]): Map<T, number> {
	const counts = new Map<T, number>();
	for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
	return counts;
}
