import type { IExecuteFunctions } from 'n8n-workflow';
import pLimit from 'p-limit';
import type {
	Decision,
	LedgerEntry,
} from '../../nodes/AlloMia/resources/outboundCall/dispatch/decision';
import { ModelProcess } from './process';
import { ModelStore } from './store';
import { World } from './world';

/** What AlloMia does with a person's call. */
type Script = 'taken' | 'refusedOnce' | 'refused' | 'lost';

export interface Person {
	phone: string;
	key?: string;
	script: Script;
}

/** What is drawn at random of a schedule; all the rest follows from the seed. */
export interface Schedule {
	seed: number;
	/** Whether n8n runs in queue mode, with two workers. */
	together: boolean;
	keyed: boolean;
	/** Whether n8n stores nothing that ties a killed execution to its re-run. */
	old: boolean;
	/** How many lists are called, of how many people at most, and how many at the same time. */
	lists: number;
	people: number;
	atOnce: number;
	kills: number;
	hiccups: number;
	/** Whether lists have changed when they are run again. */
	changes: boolean;
	/** How many people are called in one run of the node: a loop, if that is fewer than there are. */
	batch: number;
	/** Whether n8n saves the progress of an execution after each node. */
	saves: boolean;
	/** Whether the execution waits after each run of the node: n8n then takes it up again from what it stored. */
	waits: boolean;
	/** How often the node stops at the first call that fails, before it is set to continue. */
	stops: number;
	/** How often a write to the database takes seconds. */
	stalls: number;
	/** How often an execution is stopped in the editor. */
	cancels: number;
	/** How long it takes to read what n8n has stored of an execution, in ms. */
	reading: number;
	/** How often the database fails as an execution ends, so that n8n has none of its results. */
	unsaved: number;
	/** Whether there are calling hours: who is outside of them comes back in a later run of the node. */
	hours: boolean;
}

export type Kind = Decision['kind'] | 'skipped' | 'unknown' | 'outsideHours';

interface Execution {
	name: string;
	id: string;
	established: number;
	/** How the execution began that was established then. */
	source: 'webhook' | 'retry';
	/** Whether n8n has stored these two; an old one does so along with what nodes remember. */
	isMomentStored: boolean;
	list: Person[];
	/** Who was outside of the calling hours in the runs of the node that n8n has stored. */
	later: Person[][];
	/** Everybody who was ever in the list, by how often at most. */
	ever: Map<Person, number>;
	process: ModelProcess;
	mode: 'webhook' | 'retry';
	/** What n8n has stored of the node's context, and at which run of the node it goes on. */
	saved?: object;
	round: number;
	stops: number;
	isRunning: boolean;
	isOver: boolean;
	cancel: AbortController;
	/** Whether it was stopped and only the database tells. */
	isStopped: boolean;
	/** What became of everybody, by the runs of the node. */
	rounds: Array<Array<[Person, Kind]>>;
}

export interface Call {
	execution: string;
	person: Person;
}

export interface Outcome {
	executions: Execution[];
	/** Every call that AlloMia has taken. */
	calls: Call[];
	/** How many processes were killed. */
	kills: number;
}

const nodeId = 'node1';
const nodeName = 'AlloMia';

const manuallyStopped = 'The execution was cancelled manually';

/** A world in which lists are called, while processes are killed and the database fails. */
export class Play {
	readonly world: World;

	readonly store: ModelStore;

	readonly calls: Call[] = [];

	readonly executions: Execution[] = [];

	kills = 0;

	/** How many executions were run again soon after a stop of which their process was not told. */
	untold = 0;

	private processes: ModelProcess[];

	private readonly refused = new Set<Person>();

	/** What n8n has stored of the node's context, by execution. */
	private readonly storedContexts = new Map<string, object>();

	private executionCount = 0;

	private newcomers = 0;

	constructor(private readonly schedule: Schedule) {
		this.world = new World(schedule.seed);
		this.store = new ModelStore(this.world);
		this.processes = Array.from({ length: schedule.together ? 2 : 1 }, () => this.newProcess());
	}

	/** Starts a list at some time. */
	start(list: Person[], after = 0): void {
		this.executionCount += 1;
		const name = `${this.executionCount}`;
		this.world.after(after, () => {
			const execution: Execution = {
				name,
				id: name,
				established: this.world.now + this.executions.length / 100,
				source: 'webhook',
				isMomentStored: !this.schedule.old,
				list,
				later: [],
				ever: countOf(list),
				process: this.anyProcess(),
				mode: 'webhook',
				round: 0,
				stops: this.schedule.stops,
				isRunning: false,
				isOver: false,
				cancel: new AbortController(),
				isStopped: false,
				rounds: [],
			};
			this.executions.push(execution);
			void this.attempt(execution);
		});
	}

	/** Kills one process or more at some time, and has what they were at run again. */
	killAfter(after: number): void {
		this.world.after(after, () => {
			const victims = this.processes.filter(() => this.world.random() < 0.7);
			if (victims.length === 0) victims.push(this.anyProcess());
			for (const victim of victims) victim.isDead = true;
			this.kills += victims.length;
			this.processes = this.processes.map((it) => (it.isDead ? this.newProcess() : it));
			for (const execution of this.executions) {
				if (!execution.isRunning || !victims.includes(execution.process)) continue;
				if (execution.isStopped) end(execution);
				else this.runAgain(execution);
			}
		});
	}

	/**
	 * Stops one of the executions that are running at some time.
	 * @param isUntold whether its process is not told, where a webhook processor had handed it out
	 */
	cancelAfter(after: number, isUntold: boolean): void {
		this.world.after(after, () => {
			const running = this.executions.filter(
				({ isRunning, isStopped, cancel }) => isRunning && !isStopped && !cancel.signal.aborted,
			);
			const execution = running[this.world.below(running.length)];
			if (execution && isUntold && execution.mode !== 'retry') this.stopUntold(execution);
			else execution?.cancel.abort();
		});
	}

	/** It goes on, and is run again at the same time or later. */
	private stopUntold(execution: Execution): void {
		const isSoon = this.world.random() < 0.5;
		if (isSoon) this.untold += 1;
		execution.isStopped = true;
		const { saved, round } = execution;
		const again: Execution = { ...execution, saved: structuredClone(saved), isStopped: false };
		again.rounds = execution.rounds.slice(0, round);
		again.isRunning = false;
		this.executions.push(again);
		const wait = isSoon ? this.world.below(60) : 10_000;
		this.world.after(wait, () => this.runAgain(again, true));
	}

	/** Lets the database fail at some time, for so long at most, in ms. */
	failAfter(after: number, longest: number): void {
		this.world.after(after, () => (this.store.isDown = true));
		this.world.after(after + this.world.below(longest), () => (this.store.isDown = false));
	}

	/** Lets the first write after some time take so long at most, in ms. */
	stallAfter(after: number, longest: number): void {
		this.world.after(after, () => (this.store.stall = longest));
	}

	private newProcess(): ModelProcess {
		return new ModelProcess(this.world, this.schedule.old);
	}

	private anyProcess(): ModelProcess {
		const process = this.processes[this.world.below(this.processes.length)];
		if (!process) throw new Error('There is no process');
		return process;
	}

	private runAgain(execution: Execution, isFailed = false): void {
		execution.isRunning = false;
		// A job of queue mode may be delivered a second time; else a user runs it again.
		const isDelivered = !isFailed && this.schedule.together && this.world.random() < 0.2;
		if (!isDelivered) {
			this.executionCount += 1;
			execution.id = `${this.executionCount}`;
			execution.mode = 'retry';
		}
		if (this.schedule.old && !execution.isMomentStored) {
			execution.established = this.world.now;
			execution.source = execution.mode;
		}
		// With what was saved, n8n goes on with the items as they were.
		if (this.schedule.changes && execution.round === 0 && !execution.saved) {
			execution.list = this.change(execution.list);
		}
		for (const [person, count] of countOf(execution.list)) {
			execution.ever.set(person, Math.max(count, execution.ever.get(person) ?? 0));
		}
		this.resumeSoon(execution);
	}

	private resumeSoon(execution: Execution): void {
		this.world.after(20 + this.world.below(100), () => {
			execution.process = this.anyProcess();
			void this.attempt(execution);
		});
	}

	/** Rows on top, rows gone, another order. */
	private change(list: Person[]): Person[] {
		const kept = list.filter(() => this.world.random() < 0.9);
		if (this.world.random() < 0.5) kept.reverse();
		if (this.schedule.keyed) return kept;
		const fresh = Array.from({ length: this.world.below(3) }, (): Person => {
			this.newcomers += 1;
			return { phone: `new ${this.newcomers}`, script: 'taken' };
		});
		return [...fresh, ...kept];
	}

	private async attempt(execution: Execution): Promise<void> {
		const { process } = execution;
		const lists = [...this.batchesOf(execution.list), ...execution.later];
		const { saves, waits } = this.schedule;
		const node = structuredClone(execution.saved ?? {});
		execution.rounds.length = execution.round;
		execution.isRunning = true;
		execution.cancel = new AbortController();
		const { signal } = execution.cancel;
		// n8n has stored what it knew before, and the user runs it again.
		const isCancelled = () => {
			if (!signal.aborted) return false;
			process.collect(node);
			this.runAgain(execution, true);
			return true;
		};
		for (let { round } = execution; round < lists.length; round += 1) {
			const some = lists[round] ?? [];
			const isFailed = await this.runNode(execution, node, round, some);
			const outside = isFailed ? [] : outsideHours(execution, round);
			if (outside.length > 0) lists.push(outside);
			if (isCancelled()) return;
			if (isFailed) {
				await this.world.sleep(this.world.below(10), process);
				if (execution.isStopped) break;
				this.save(execution, node, round, lists);
				process.collect(node);
				execution.stops -= 1;
				this.runAgain(execution, true);
				return;
			}
			await this.world.sleep(this.world.below(10), process);
			if (isCancelled()) return;
			if ((saves || waits) && !execution.isStopped) {
				this.save(execution, node, round + 1, lists);
			}
			if (waits) {
				process.collect(node);
				if (execution.isStopped) end(execution);
				else this.resumeSoon(execution);
				execution.isRunning = false;
				return;
			}
		}
		// The nodes that follow.
		await this.world.sleep(this.world.below(60), process);
		if (isCancelled()) return;
		if (this.world.random() < this.schedule.unsaved && !execution.isStopped) {
			process.collect(node);
			this.runAgain(execution, true);
			return;
		}
		this.storedContexts.set(execution.id, structuredClone(node));
		end(execution);
		process.collect(node);
	}

	private batchesOf(list: Person[]): Person[][] {
		const { batch } = this.schedule;
		const count = Math.ceil(list.length / batch);
		return Array.from({ length: count }, (_, at) => list.slice(at * batch, (at + 1) * batch));
	}

	/** Lets n8n store what it has of an execution. */
	private save(execution: Execution, node: object, round: number, lists: Person[][]): void {
		execution.later = lists.slice(this.batchesOf(execution.list).length);
		execution.saved = structuredClone(node);
		execution.round = round;
		execution.isMomentStored = true;
		this.storedContexts.set(execution.id, execution.saved);
	}

	/** What n8n has stored of an execution. */
	private async stored(
		id: string,
		{ established, isMomentStored }: Execution,
		process: ModelProcess,
	): Promise<object> {
		// In some processes and moments, everything takes long.
		const reading = this.schedule.reading * (this.world.random() < 0.1 ? 10 : 1);
		await this.world.sleep(this.world.below(reading), process);
		const isStopped = this.executions.some((it) => it.id === id && it.isStopped);
		await this.world.sleep(reading, process);
		const error = { message: manuallyStopped, extra: { executionId: id } };
		const runtimeData = isMomentStored ? { establishedAt: established } : undefined;
		const contextData = { [`node:${nodeName}`]: this.storedContexts.get(id) ?? {} };
		return { executionData: { runtimeData, contextData }, resultData: isStopped ? { error } : {} };
	}

	/** One run of the node; whether it failed. */
	private async runNode(
		execution: Execution,
		node: object,
		round: number,
		list: Person[],
	): Promise<boolean> {
		const { process, mode } = execution;
		const { together, keyed, atOnce } = this.schedule;
		const fake = {
			helpers: this.store.helpersFor(process, nodeId),
			getWorkflow: () => ({ id: 'workflow1', active: !together && mode !== 'retry' }),
			getNode: () => ({ id: nodeId, name: nodeName, type: 'n8n-nodes-allomia.alloMia' }),
			getExecutionId: () => execution.id,
			getExecutionContext: () => ({
				establishedAt: execution.established,
				source: execution.source,
			}),
			getExecutionCancelSignal: () => execution.cancel.signal,
			getMode: () => mode,
			additionalData: {
				getRunExecutionData: async (id: string) => await this.stored(id, execution, process),
			},
			getContext: () => node,
			evaluateExpression: () => round,
			logger: { warn: () => {} },
		};
		const calls = list.map(({ phone, key }, itemIndex) => ({
			itemIndex,
			body: { phoneNumber: phone, assistantId: 'a', phoneNumberId: 'p' },
			...(key === undefined ? {} : { onceKey: key }),
		}));
		const ledger = process.Ledger.open(fake as unknown as IExecuteFunctions, calls, {
			redialOnUncertain: false,
			keyed,
		});
		const stops = execution.stops > 0;
		let hasFailed = false;
		const { signal } = execution.cancel;
		const mayCall = () => !(stops && hasFailed) && !signal.aborted && !ledger.isStopped;
		const isOutsideHours = () => this.schedule.hours && this.world.random() < 0.3;
		const inOrder = pLimit(1);
		const kinds = await pLimit(atOnce).map(calls, async (call): Promise<Kind> => {
			const { decided } = await inOrder(async () => {
				if (!mayCall()) return { decided: 'skipped' as const };
				const mayPass = !ledger.recalled(call) && isOutsideHours();
				if (mayPass && (await ledger.pass(call))) return { decided: 'outsideHours' as const };
				return { decided: ledger.claim(call, mayCall) };
			});
			if (typeof decided === 'string') return decided;
			const decision = await decided;
			if (decision.kind === 'refused') return 'unknown';
			if (decision.kind !== 'dial') return decision.kind;
			if (!mayCall()) {
				ledger.settle(call);
				return 'skipped';
			}
			if (isOutsideHours()) {
				ledger.postpone(call);
				return 'outsideHours';
			}
			const person = list[call.itemIndex] as Person;
			const entry = await this.dial(execution, person, process);
			ledger.settle(call, entry);
			if (entry?.kind !== 'answered') hasFailed = true;
			return entry?.kind ?? 'refused';
		});
		const isGood = (kind: Kind) => ['answered', 'alreadyCalled', 'outsideHours'].includes(kind);
		const isFailed = stops && !kinds.every(isGood);
		await ledger.close(false, isFailed || ledger.isStopped);
		if (isFailed || ledger.isStopped) return true;
		execution.rounds[round] = kinds.map((kind, index) => [list[index] as Person, kind]);
		return false;
	}

	/** What AlloMia does does not depend on whether the process still lives. */
	private async dial(
		execution: Execution,
		person: Person,
		process: ModelProcess,
	): Promise<LedgerEntry | undefined> {
		const failure = { kind: 'uncertain', message: '', description: '' } as const;
		const answer = { outboundCallId: 'o', contactId: 'c', status: 'calling' };
		const isRefused =
			person.script === 'refused' || (person.script === 'refusedOnce' && !this.refused.has(person));
		this.refused.add(person);
		this.world.after(1 + this.world.below(20), () => {
			if (!isRefused) this.calls.push({ execution: execution.name, person });
		});
		await this.world.sleep(21 + this.world.below(20), process);
		if (isRefused) return undefined;
		return person.script === 'lost' ? { kind: 'uncertain', failure } : { kind: 'answered', answer };
	}
}

function end(execution: Execution): void {
	execution.isRunning = false;
	execution.isOver = true;
}

/** What became of a person in an execution, once for each time that he was in the list. */
export function kindsOf({ rounds }: Pick<Execution, 'rounds'>, person: Person): Kind[] {
	const all = rounds.flat().flatMap(([who, kind]) => (who === person ? [kind] : []));
	return all.filter((kind) => kind !== 'outsideHours');
}

const outsideHours = ({ rounds }: Execution, round: number): Person[] =>
	(rounds[round] ?? []).flatMap(([who, kind]) => (kind === 'outsideHours' ? [who] : []));

function countOf(list: readonly Person[]): Map<Person, number> {
	const counts = new Map<Person, number>();
	for (const person of list) counts.set(person, (counts.get(person) ?? 0) + 1);
	return counts;
}
