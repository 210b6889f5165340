import type { IExecuteFunctions } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { Decision, LedgerEntry } from '../../../nodes/shared/ledger';
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
	/** How many lists are called, of how many people at most, and how many at the same time. */
	lists: number;
	people: number;
	atOnce: number;
	kills: number;
	hiccups: number;
	/** Whether lists have changed when they are run again. */
	changes: boolean;
}

interface Execution {
	name: string;
	id: string;
	established: number;
	list: Person[];
	/** Everybody who was ever in the list, by how often at most. */
	ever: Map<Person, number>;
	process: ModelProcess;
	mode: 'webhook' | 'retry';
	/** What n8n has stored of the node's context. */
	saved?: object;
	isOver: boolean;
	results: Map<Person, Array<Decision['kind']>>;
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

/** A world in which lists are called, while processes are killed and the database fails. */
export class Play {
	readonly world: World;

	readonly store: ModelStore;

	readonly calls: Call[] = [];

	readonly executions: Execution[] = [];

	kills = 0;

	private processes: ModelProcess[];

	private readonly refused = new Set<Person>();

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
				list,
				ever: countOf(list),
				process: this.anyProcess(),
				mode: 'webhook',
				isOver: false,
				results: new Map(),
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
				if (!execution.isOver && victims.includes(execution.process)) this.runAgain(execution);
			}
		});
	}

	failAfter(after: number): void {
		this.world.after(after, () => (this.store.isDown = true));
		this.world.after(after + this.world.below(250), () => (this.store.isDown = false));
	}

	private newProcess(): ModelProcess {
		return new ModelProcess(this.world);
	}

	private anyProcess(): ModelProcess {
		const process = this.processes[this.world.below(this.processes.length)];
		if (!process) throw new Error('There is no process');
		return process;
	}

	private runAgain(execution: Execution): void {
		// A job of queue mode may be delivered a second time; else a user runs it again.
		const isDelivered = this.schedule.together && this.world.random() < 0.2;
		if (!isDelivered) {
			this.executionCount += 1;
			execution.id = `${this.executionCount}`;
			execution.mode = 'retry';
		}
		if (this.schedule.changes) execution.list = this.change(execution.list);
		for (const [person, count] of countOf(execution.list)) {
			execution.ever.set(person, Math.max(count, execution.ever.get(person) ?? 0));
		}
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
		const { process, list, mode } = execution;
		const { together, keyed, atOnce } = this.schedule;
		const node = structuredClone(execution.saved ?? {});
		const fake = {
			helpers: this.store.helpersFor(process, nodeId),
			getWorkflow: () => ({ id: 'workflow1', active: !together }),
			getNode: () => ({ id: nodeId, name: 'AlloMia', type: 'n8n-nodes-allomia.alloMia' }),
			getExecutionId: () => execution.id,
			getExecutionContext: () => ({ establishedAt: execution.established }),
			getExecutionCancelSignal: () => undefined,
			getMode: () => mode,
			getContext: () => node,
			evaluateExpression: () => 0,
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
		const results = await pLimit(atOnce).map(calls, async (call) => {
			const decision = await ledger.admit(call);
			if (decision.kind !== 'dial') return decision.kind;
			const person = list[call.itemIndex] as Person;
			const entry = await this.dial(execution, person, process);
			await ledger.settle(call, entry);
			return entry?.kind ?? 'refused';
		});
		await ledger.close(false);
		// The nodes that follow.
		await this.world.sleep(this.world.below(60), process);
		execution.saved = structuredClone(node);
		execution.isOver = true;
		execution.results = new Map();
		results.forEach((kind, index) => {
			const person = list[index] as Person;
			execution.results.set(person, [...(execution.results.get(person) ?? []), kind]);
		});
		process.collect(node);
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

function countOf(list: readonly Person[]): Map<Person, number> {
	const counts = new Map<Person, number>();
	for (const person of list) counts.set(person, (counts.get(person) ?? 0) + 1);
	return counts;
}
