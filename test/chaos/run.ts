import { setTimeout as delay } from 'node:timers/promises';
import { createCredential, until } from '../../scripts/lib/workflows';
import { activeWorkflow, type RunningWorkflow } from '../e2e/support/bench';
import { Cluster } from '../queue/support/cluster';
import { seeded } from '../random';
import { startSimulator, type CallbackDelivery, type Simulator } from '../simulator';
import { post } from '../webhooks';
import { between, oneOf } from './draw';
import { Executions } from './executions';
import { strike, trouble, unreliableCallbacks } from './havoc';
import type { Evidence, SentList } from './judge';
import { daysOf, isClosed, kinds, type Kind, type Row } from './lists';
import { people } from './people';
import { Reruns } from './reruns';
import { Supervisor } from './supervisor';

export interface ChaosOptions {
	minutes: number;
	seed: number;
	/** Told about what is going on, now and then. */
	say: (line: string) => void;
}

export interface Chaos {
	evidence: Evidence;
	seconds: number;
	/** How often each thing was done to n8n. */
	blows: Map<string, number>;
}

/** More executions than that are not waited for: n8n then gets no new lists. */
const mostOpen = 40;

/** How many lists are posted once more at the end: a process makes ten claims of a key per second. */
const mostAgain = 60;

/** How long after the end of a call the last of its callbacks may come, in ms. */
const latestCallback = 45_000;

/** How long executions may take once all is well again, in ms: the longest wait, and n8n's minute after it. */
const patience = 8 * 60_000;

/**
 * Lets n8n call lists in queue mode for some minutes, while its processes are killed and AlloMia does what it should not;
 * then lets all of them end. With the same seed, the same is done at the same moments.
 */
export async function runChaos({ minutes, seed, say }: ChaosOptions): Promise<Chaos> {
	const simulator = await startSimulator();
	let cluster: Cluster | undefined;
	try {
		cluster = await Cluster.start(settings);
		return await new Run(cluster, simulator, seed, say).play(minutes * 60_000);
	} finally {
		await cluster?.stop();
		await simulator.stop();
	}
}

const settings = {
	// Judged at the end: none may be deleted before.
	EXECUTIONS_DATA_PRUNE: 'false',
	// In minutes; n8n looks for executions without a job every three hours otherwise.
	N8N_EXECUTIONS_QUEUE_RECOVERY_INTERVAL: '1',
	DB_PING_TIMEOUT_MS: '60000',
	// What a killed worker had taken and not begun is given up after that.
	QUEUE_WORKER_LOCK_DURATION: '120000',
};

class Run {
	private readonly lists: SentList[] = [];

	private readonly blows = new Map<string, number>();

	private readonly executions: Executions;

	private readonly reruns: Reruns;

	private isOver = false;

	constructor(
		private readonly cluster: Cluster,
		private readonly simulator: Simulator,
		private readonly seed: number,
		private readonly say: (line: string) => void,
	) {
		this.executions = new Executions(cluster);
		this.reruns = new Reruns(cluster, this.executions);
	}

	async play(duration: number): Promise<Chaos> {
		const { cluster, simulator } = this;
		const begun = Date.now();
		const pace = this.random('pace');
		simulator.setPace(() => between(pace, 200, 4_000));
		await this.executions.keepStarts();
		const workflows = await this.publish();
		const supervisor = new Supervisor(cluster);
		try {
			const end = Date.now() + duration;
			supervisor.measureUntil(end);
			const working = this.follow();
			await Promise.all([
				this.sendLists(workflows, end),
				this.strike(end),
				this.troubleAlloMia(end),
			]);
			this.say('All is well again; waiting for the executions to end …');
			simulator.clearFaults();
			simulator.setCallbacks({});
			await supervisor.allUp();
			await this.settle();
			await this.sendAgain(workflows);
			const isQuiet = await this.settle();
			if (!isQuiet) this.say('Not all of them have ended.');
			this.isOver = true;
			await working;
		} finally {
			this.isOver = true;
			await supervisor.stop();
		}
		const callbacks = simulator.callbacks.map(({ outboundCallId, ...answered }) => ({
			outboundCallId,
			answer: answerOf(answered),
		}));
		const evidence = {
			lists: this.lists,
			runs: await this.executions.all(),
			dials: simulator.dials.map(({ outboundCallId, body, at, endedAt }) => ({
				outboundCallId,
				phone: body.phoneNumber,
				at,
				endedAt,
			})),
			callbacks,
			blows: [...this.blows.values()].reduce((sum, count) => sum + count, 0),
			samples: supervisor.samples,
		};
		return { evidence, blows: this.blows, seconds: (Date.now() - begun) / 1_000 };
	}

	/** A source of chance of its own for each purpose, since they are asked in an order that varies. */
	private random(purpose: string): () => number {
		const hash = [...purpose].reduce((sum, it) => (sum * 31 + it.charCodeAt(0)) >>> 0, 7);
		return seeded(this.seed ^ hash);
	}

	private async publish(): Promise<Map<Kind, RunningWorkflow>> {
		const { cluster, simulator } = this;
		const credential = await createCredential(cluster.session, {
			apiKey: simulator.keys.organization,
			baseUrl: simulator.baseUrl,
		});
		const workflows = new Map<Kind, RunningWorkflow>();
		for (const kind of kinds) {
			const [nodes, connections] = kind.nodes(credential);
			workflows.set(kind, await activeWorkflow(cluster, nodes, connections));
		}
		return workflows;
	}

	private async sendLists(workflows: Map<Kind, RunningWorkflow>, end: number): Promise<void> {
		const random = this.random('lists');
		const everybody = people(this.random('people'));
		const sending: Array<Promise<void>> = [];
		while (Date.now() < end) {
			const [kind, workflow] = oneOf(
				[...workflows].map((it) => [it[0].weight ?? 1, it]),
				random,
			);
			const size = Math.ceil(random() * (kind.most ?? 90));
			const phones = Array.from({ length: size }, () => everybody.next().value);
			for (let delivery = 0; delivery < kind.deliveries; delivery += 1) {
				sending.push(this.send(kind, phones, workflow.url));
				if (random() < 0.5) await delay(between(random, 0, 3_000));
			}
			await delay(between(random, 300, 4_000));
			while (Date.now() < end && (await this.countOpen()) > mostOpen) await delay(1_000);
		}
		await Promise.all(sending);
	}

	/** Posts a list, once: a sender without an answer does not know whether it arrived. */
	private async send(kind: Kind, people: string[], url: string): Promise<void> {
		const { name, atOnce, waits, hasHours } = kind;
		const closed = hasHours ? people.filter((_, index) => isClosed(index)) : [];
		const id = `list ${this.lists.length}`;
		const list = { id, kind: name, people, closed, atOnce, waits, isAccepted: false };
		this.lists.push(list);
		const items: Row[] = people.map((phone, index) => ({ phone, days: daysOf(index) }));
		const answer = await post(url, { list: id, items }).catch(() => undefined);
		list.isAccepted = answer?.status === 200;
	}

	/** Posts some of the lists with keys once more: now, with everything well. */
	private async sendAgain(workflows: Map<Kind, RunningWorkflow>): Promise<void> {
		const kindOf = new Map([...workflows].map((it) => [it[0].name, it]));
		const keyed = new Map<string, SentList>();
		for (const list of this.lists) {
			const isKeyed = (kindOf.get(list.kind)?.[0].deliveries ?? 0) > 1;
			if (isKeyed) keyed.set(list.people.join(), list);
		}
		const every = Math.ceil(keyed.size / mostAgain);
		const some = [...keyed.values()].filter((_, index) => index % every === 0);
		this.say(`${some.length} lists with Call Once Per are posted once more …`);
		for (const { kind: name, people } of some) {
			const [kind, workflow] = kindOf.get(name) ?? [];
			if (kind && workflow) await this.send(kind, people, workflow.url);
			while ((await this.countOpen()) > mostOpen) await delay(1_000);
		}
	}

	private async strike(end: number): Promise<void> {
		const random = this.random('blows');
		while (Date.now() < end) {
			const done = await strike(this.cluster, random).catch(() => undefined);
			if (done) this.blows.set(done, (this.blows.get(done) ?? 0) + 1);
			await delay(between(random, 2_000, 26_000));
		}
	}

	private async troubleAlloMia(end: number): Promise<void> {
		const random = this.random('troubles');
		unreliableCallbacks(this.simulator, this.random('callbacks'));
		while (Date.now() < end) {
			await delay(between(random, 2_000, 15_000));
			if (random() < 0.3) this.simulator.clearFaults();
			else trouble(this.simulator, random);
		}
	}

	/** Runs again what failed, and tells how it stands, until it is over. */
	private async follow(): Promise<void> {
		let said = Date.now();
		while (!this.isOver) {
			await delay(2_000);
			await this.countFailed();
			if (Date.now() - said < 30_000) continue;
			said = Date.now();
			const blows = [...this.blows.values()].reduce((sum, count) => sum + count, 0);
			const open = await this.countOpen();
			const { length } = this.simulator.dials;
			this.say(`  … ${length} calls, ${blows} kills and cuts, ${open} executions are open`);
		}
	}

	/** Waits until nothing is running, waiting, or to be run again, and nothing more comes from AlloMia. */
	private async settle(): Promise<boolean> {
		const { dials, callbacks } = this.simulator;
		let [seen, since] = [-1, Date.now()];
		const look = async () => {
			const isDone = (await this.countOpen()) === 0 && (await this.countFailed()) === 0;
			const count = dials.length + callbacks.length;
			if (!isDone || count !== seen) [seen, since] = [count, Date.now()];
			return Date.now() - since > latestCallback;
		};
		return await until('all executions to end', look, patience, 2_000).then(
			() => true,
			() => false,
		);
	}

	/** How many executions failed and are not run again yet. */
	private async countFailed(): Promise<number> {
		return await this.reruns.run().catch(() => 1);
	}

	private async countOpen(): Promise<number> {
		return await this.executions.countOpen().catch(() => mostOpen + 1);
	}
}

/** What the judge calls an answer to a callback. */
function answerOf({
	status,
	responseBody,
	error,
}: Pick<CallbackDelivery, 'status' | 'responseBody' | 'error'>): string {
	if (status !== 200) return status === undefined ? `none: ${error}` : String(status);
	const ignored = /^\{"received":true(?:,"ignored":"(\w+)")?\}$/.exec(responseBody ?? '');
	// n8n says that it is starting up with 200 as well.
	return ignored ? (ignored[1] ?? 'received') : `200: ${responseBody}`;
}
