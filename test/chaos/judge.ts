import { errorRows } from '../errorsTable';
import { endingOf } from '../simulator';
import { growthOf, type Sample } from './growth';

/** What the simulator and the driver know of a run, and what n8n has stored of it. */
export interface Evidence {
	lists: SentList[];
	runs: Run[];
	dials: Array<{
		outboundCallId: string;
		phone: string;
		/** In ms since 1970. */
		at: number;
		endedAt?: number;
	}>;
	/** What n8n answered to the callbacks. */
	callbacks: Array<{ outboundCallId: string; answer: string }>;
	/** How much was done to n8n. */
	blows: number;
	samples: Sample[];
}

/** A list that n8n was sent once. */
export interface SentList {
	id: string;
	kind: string;
	/** The phone numbers, in the order of the items. */
	people: string[];
	/** Those who may not be called now. */
	closed?: string[];
	/** How many of its calls may be in progress at a time. */
	atOnce?: number;
	/** Whether the node waits for results. */
	waits?: boolean;
	/** Whether n8n said that it had it. Where it did not answer, it may have it all the same. */
	isAccepted: boolean;
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
	/** The results that its AlloMia Trigger emitted. */
	events: Answer[];
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
	/** People who were called outside of their hours. */
	calledOutsideHours: string[];
	/** Lists of which more calls were in progress than were allowed. */
	tooManyAtOnce: string[];
	/** People whose execution succeeded without an item for them, or never did. */
	unaccounted: string[];
	/** Items with the call of somebody else, with one that was never placed, or for somebody who has one already. */
	mixedUp: string[];
	/** Items that do not say what was the case. */
	untrue: string[];
	/** Calls whose result n8n had taken, and that came out nowhere. */
	lostResults: string[];
	/** Answers to genuine results that are for forged or useless ones. */
	refusedResults: string[];
	/** Executions that had not ended. */
	stuck: number[];
	/** Lists that n8n had accepted, and of which it has fewer executions. */
	lostLists: string[];
	/** Parts of n8n whose processes hold more the older they are. */
	growing: string[];
	/** What has to happen in a run, and has not: nothing can be said then. */
	untried: string[];
}

/** What happened, in figures. */
export interface Counts {
	lists: number;
	items: number;
	calls: number;
	reruns: number;
	results: number;
	/** How often n8n answered a callback with what. */
	callbacks: Record<string, number>;
	/** Items and results in executions whose data n8n has discarded. */
	discardedItems: number;
	/** How many people of these items were called. */
	discardedCalls: number;
	discardedResults: number;
	/** How often n8n discarded the data of an execution, by its reason. */
	discards: Record<string, number>;
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

/** What n8n answers to a callback that it has. */
const received = ['received', 'duplicate'];

/** What it answers to one that is not AlloMia's, that it cannot read, or whose status is not chosen. */
const refusals = ['400', '401', '422', 'status'];

/** Holds what came out of n8n against what the simulator knows. */
export function judge({ lists, runs, dials, callbacks, blows, samples }: Evidence): Verdict {
	const phoneOf = new Map(dials.map(({ outboundCallId, phone }) => [outboundCallId, phone]));
	const called = countEach(dials.map(({ phone }) => phone));
	const closed = new Set(lists.flatMap((list) => list.closed ?? []));
	const taken = new Set(
		callbacks
			.filter(({ answer }) => received.includes(answer))
			.map(({ outboundCallId }) => outboundCallId),
	);
	/** Where AlloMia's response was lost, the node does not know the call: its result is for nobody then. */
	const isKnown = new Set(
		runs.flatMap((run) => run.answers.map(({ outboundCallId }) => outboundCallId)),
	);
	const answers: Record<string, number> = {};
	const faults: Faults = {
		calledTwice: [...called].filter(([, times]) => times > 1).map(([phone]) => phone),
		calledOutsideHours: [...called.keys()].filter((phone) => closed.has(phone)),
		tooManyAtOnce: lists
			.filter(({ people, atOnce }) => atOnce !== undefined && mostAtOnce(dials, people) > atOnce)
			.map(({ id, kind }) => `${id}: ${kind}`),
		unaccounted: [],
		mixedUp: [],
		untrue: [],
		lostResults: [],
		refusedResults: callbacks
			.filter(
				({ answer, outboundCallId }) => refusals.includes(answer) && isKnown.has(outboundCallId),
			)
			.map(({ outboundCallId, answer }) => `${outboundCallId}: ${answer}`),
		stuck: runs.filter(({ status }) => open.includes(status)).map(({ id }) => id),
		lostLists: [],
		growing: growthOf(samples)
			.filter(({ grows }) => grows)
			.map(({ part }) => part),
		untried: untried({
			'lists accepted': lists.filter(({ isAccepted }) => isAccepted).length,
			'calls placed': dials.length,
			'results taken': taken.size,
			'kills and cuts': blows,
		}),
	};
	const leftAlone = new Set<string>();
	/** Whose items were looked at, and who has one with an error. */
	const [judged, inError] = [new Set<string>(), new Set<string>()];
	const skipped: Array<[phone: string, execution: string]> = [];
	const shown = new Set<string>();
	const retries = new Map(runs.map((run) => [run.retryOf, run]));
	const lost = runs.filter((run) => {
		const last = lastOf(run, retries);
		return run.isEmpty && run.status !== 'success' && last.status !== 'success';
	});
	const discarded: string[] = [];

	for (const list of lists) {
		const roots = runs.filter((run) => run.list === list.id && run.retryOf === undefined);
		if (list.isAccepted && roots.length === 0) faults.lostLists.push(list.id);
		for (const root of roots) {
			if (lost.includes(root)) {
				discarded.push(...list.people);
				continue;
			}
			const last = lastOf(root, retries);
			const byPhone = new Map<string | undefined, Answer>();
			for (const answer of last.answers) {
				const phone = answer.phone ?? list.people[answer.index ?? -1];
				const isTheirs = phone !== undefined && list.people.includes(phone);
				if (!isTheirs || byPhone.has(phone)) {
					faults.mixedUp.push(`${phone} again in execution ${last.id}: ${list.kind}`);
				}
				byPhone.set(phone, answer);
			}
			for (const phone of list.people) {
				judged.add(phone);
				const answer = last.status === 'success' ? byPhone.get(phone) : undefined;
				if (!answer) {
					faults.unaccounted.push(
						`${phone} in execution ${last.id} (${last.status}): ${list.kind}`,
					);
					continue;
				}
				const kind = kindOf(answer);
				answers[kind] = (answers[kind] ?? 0) + 1;
				const where = `${phone} in execution ${last.id}: ${list.kind}: ${kind}`;
				if (answer.alreadyCalled) skipped.push([phone, where]);
				if (answer.error) inError.add(phone);
				// Another execution may have called for the same key.
				const isAlone = lists.filter(({ people }) => people[0] === list.people[0]).length === 1;
				const wasCalled = isAlone && called.has(phone);
				if (!isTrue(answer, phone, { list, closed, wasCalled })) faults.untrue.push(where);
				if (answer.outboundCallId && phoneOf.get(answer.outboundCallId) !== phone) {
					faults.mixedUp.push(`${phone} in execution ${last.id}: ${list.kind}`);
				}
				if (answer.error && isInterrupted(answer.error) && !called.has(phone)) {
					leftAlone.add(phone);
				}
				if (answer.outboundCallId && answer.status !== 'calling' && !answer.timedOut) {
					shown.add(answer.outboundCallId);
				}
			}
		}
	}

	for (const phone of called.keys()) {
		if (!judged.has(phone) && !discarded.includes(phone))
			faults.unaccounted.push(`${phone} was called, and no item is theirs`);
	}
	for (const [phone, where] of skipped) {
		if (!called.has(phone) && !inError.has(phone)) faults.untrue.push(where);
	}

	const events = runs
		.filter(({ retryOf }) => retryOf === undefined)
		.map((root) => lastOf(root, retries))
		.filter(({ status }) => status === 'success')
		.flatMap((last) => last.events);
	for (const { outboundCallId = '', phone, status } of events) {
		const actual = phoneOf.get(outboundCallId);
		if (phone !== actual) faults.mixedUp.push(`${phone} has the result of ${actual}`);
		else if (status !== endOf(phone)) faults.untrue.push(`${phone} at the trigger: ${status}`);
	}
	const emitted = countEach(events.map(({ outboundCallId = '' }) => outboundCallId));
	for (const id of emitted.keys()) shown.add(id);
	const missing = [...taken].filter((id) => !shown.has(id));
	const inLost = new Set(lost.map(({ result }) => result));
	faults.lostResults = missing.filter((id) => !inLost.has(id));

	return {
		faults,
		counts: {
			lists: lists.filter(({ isAccepted }) => isAccepted).length,
			items: lists.reduce((sum, it) => sum + (it.isAccepted ? it.people.length : 0), 0),
			calls: dials.length,
			reruns: runs.filter(({ retryOf }) => retryOf !== undefined).length,
			results: taken.size,
			callbacks: tally(callbacks.map(({ answer }) => answer)),
			repeatedResults: [...emitted.values()].filter((times) => times > 1).length,
			discardedItems: discarded.length,
			discardedCalls: discarded.filter((phone) => called.has(phone)).length,
			discardedResults: missing.length - faults.lostResults.length,
			discards: tally(lost.map(({ error }) => error ?? 'not said')),
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

/** How the call of somebody ends, by their number. */
const endOf = (phone: string | undefined) => endingOf(phone ?? '').status ?? 'completed';

/** Whether an item says how the call ended, or why there was none. */
function isTrue(
	answer: Answer,
	phone: string,
	{ list, closed, wasCalled }: { list: SentList; closed: Set<string>; wasCalled: boolean },
): boolean {
	if (answer.error !== undefined) {
		const row = rowOf(answer.error);
		return row !== undefined && (row.mayHaveCalled || !wasCalled);
	}
	if (answer.alreadyCalled) return true;
	if (answer.callAt !== undefined) return closed.has(phone);
	const { status, timedOut } = answer;
	if (status === 'calling') return !list.waits || timedOut === true;
	return status === endOf(phone);
}

const rows = errorRows();

/** What docs/errors.md says of an error. */
function rowOf(error: string) {
	// AlloMia's status stands there as an example; its own words may be there instead.
	const shown = error
		.replace('Service unavailable', 'AlloMia responded with HTTP status 503')
		.replace(/HTTP status (\d+)$/, (_, status) =>
			Number(status) === 429 ? 'HTTP status 429' : 'HTTP status 502',
		);
	return rows.find(({ pattern }) => pattern.test(shown));
}

/** Whether an error is about an earlier attempt, which may have called. */
const isInterrupted = (error: string) =>
	['An earlier attempt', 'It is unknown who', 'It cannot be determined'].some((it) =>
		error.startsWith(it),
	);

/** How many calls to these people were in progress at the same time. Those that never end do not count. */
function mostAtOnce(dials: Evidence['dials'], people: string[]): number {
	const moments = dials
		.filter(({ phone, endedAt }) => endedAt !== undefined && people.includes(phone))
		.flatMap(
			({ at, endedAt = 0 }): Array<[number, number]> => [
				[at, 1],
				[endedAt, -1],
			],
		)
		.sort(([a, up], [b, down]) => a - b || up - down);
	let [now, most] = [0, 0];
	for (const [, change] of moments) {
		now += change;
		most = Math.max(most, now);
	}
	return most;
}

/** The names of what is 0. */
const untried = (counts: Record<string, number>) =>
	Object.entries(counts).flatMap(([name, count]) => (count === 0 ? [name] : []));

const tally = (values: string[]) => Object.fromEntries(countEach(values));

function countEach<T>(values: T[]): Map<T, number> {
	const counts = new Map<T, number>();
	for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
	return counts;
}
