import { randomUUID } from 'node:crypto';
import {
	activate,
	createCredential,
	createWorkflow,
	listExecutions,
	outputsOf,
	until,
	waitForEnd,
	type Connections,
	type CredentialReference,
	type Execution,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
import { startSimulator, type Simulator } from '../../simulator';
import { Instance } from './instance';
import { itemsSource } from './nodes';
import { postOnceRegistered } from '../../webhooks';

/** A real n8n, a simulator, and a credential that ties them together. */
export interface Bench {
	n8n: Instance;
	simulator: Simulator;
	credential: CredentialReference;
	stop(): Promise<void>;
}

export async function startBench(settings: Record<string, string> = {}): Promise<Bench> {
	const simulator = await startSimulator({ pace: 200 });
	let n8n: Instance | undefined;
	const stop = async () => {
		await n8n?.stop();
		await simulator.stop();
	};
	try {
		n8n = await Instance.start(settings);
		const credential = await createCredential(n8n.session, {
			apiKey: simulator.keys.organization,
			baseUrl: simulator.baseUrl,
		});
		return { n8n, simulator, credential, stop };
	} catch (error) {
		// An open server would keep the test run from ending.
		await stop();
		throw error;
	}
}

/** A bench for the tests of a file, reset before each of them. Its fields are there when they run. */
export function useBench(settings: Record<string, string> = {}): Bench {
	const bench: Partial<Bench> = {};
	beforeAll(async () => {
		Object.assign(bench, await startBench(settings));
	});
	afterAll(async () => {
		await bench.stop?.();
	});
	beforeEach(() => {
		bench.simulator?.reset();
	});
	return bench as Bench;
}

/** Whoever has signed in to an n8n, and the address of its webhooks. */
export interface SignedIn {
	n8n: Pick<Instance, 'session' | 'baseUrl'>;
}

/** How long so many calls may take on a slow and busy machine, in ms. */
export const timeFor = (count: number) => 120_000 + 60 * count;

export interface RunningWorkflow {
	id: string;
	/** The address that items are posted to. */
	url: string;
	/** Sends items in. */
	send(items: unknown[]): Promise<void>;
	/** Sends items in; resolves with the execution's id at once. */
	begin(items: unknown[]): Promise<string>;
	/** Sends items in; resolves with the execution once it has ended, within {@link timeFor} unless a limit is given. */
	run(items: unknown[], limit?: number): Promise<Execution>;
}

/**
 * An active workflow: posted items, then `nodes` in a row unless `connections` says otherwise.
 * @param arrange the order in which the workflow lists its nodes
 */
export async function activeWorkflow(
	{ n8n }: SignedIn,
	nodes: WorkflowNode[],
	connections: Connections = {},
	arrange: (nodes: WorkflowNode[]) => WorkflowNode[] = (all) => all,
): Promise<RunningWorkflow> {
	const path = randomUUID();
	const source = itemsSource(path);
	const first = nodes[0]?.name ?? '';
	const { id } = await createWorkflow(n8n.session, {
		name: path,
		nodes: arrange([...source.nodes, ...nodes]),
		connections: {
			...source.connections,
			Items: { main: [[{ node: first, type: 'main', index: 0 }]] },
			...connections,
		},
	});
	await activate(n8n.session, id);

	const url = `${n8n.baseUrl}/webhook/${path}`;
	const send = async (items: unknown[]) => {
		const { status, body } = await postOnceRegistered(url, { items });
		if (status !== 200)
			throw new Error(`n8n answered ${url} with ${status}: ${JSON.stringify(body)}`);
	};
	const begin = async (items: unknown[]): Promise<string> => {
		const before = new Set((await listExecutions(n8n.session, id)).map((it) => it.id));
		await send(items);
		return await until('the execution to appear', async () => {
			const executions = await listExecutions(n8n.session, id);
			return executions.find((it) => it.mode === 'webhook' && !before.has(it.id))?.id;
		});
	};
	return {
		id,
		url,
		send,
		begin,
		run: async (items, limit = timeFor(items.length)) =>
			await waitForEnd(n8n.session, await begin(items), limit),
	};
}

/** Runs a node alone, in a workflow that is published: what came of it. */
export async function runNode(bench: SignedIn, node: WorkflowNode, items: unknown[] = [{}]) {
	const execution = await (await activeWorkflow(bench, [node])).run(items);
	const { runData, error } = execution.data.resultData;
	const [nodeRun] = runData[node.name] ?? [];
	const outputs = outputsOf(execution, node.name);
	return {
		execution,
		error,
		hints: (nodeRun?.hints ?? []).map(({ message }) => message),
		outputs,
		/** The first output's items, their json alone. */
		items: outputs[0] ?? [],
		/** The first output's items. */
		main: nodeRun?.data?.main?.[0] ?? [],
	};
}

/** The executions that a workflow's trigger started, once there are as many as expected. */
export async function triggered(
	{ n8n }: Bench,
	workflowId: string,
	count: number,
	trigger = 'AlloMia Trigger',
): Promise<Execution[]> {
	return await until(`${count} outcomes`, async () => {
		const all = await listExecutions(n8n.session, workflowId);
		const ended = all.filter(({ status }) => status === 'success' || status === 'error');
		if (ended.length < count) return undefined;
		const read = await Promise.all(ended.map(({ id }) => waitForEnd(n8n.session, id)));
		const ours = read.filter(({ data }) => data.resultData.runData[trigger]);
		return ours.length >= count ? ours : undefined;
	});
}
