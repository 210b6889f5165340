import type { IExecuteFunctions } from 'n8n-workflow';
import {
	routeOutputToAgent,
	fixRunIndex,
	isAgentTool,
	readToolRun,
	runsInsideAgent,
} from '../../../../nodes/shared/n8n/agentTool';

interface Told {
	isToolExecution?: boolean;
	connectionType?: string;
	type?: string;
	/** The tool's runs as n8n has noted them: what the model has filled in for each. */
	requests?: object[];
	/** What this run was given. */
	input?: object;
	/** How often each agent has run. */
	runs?: Record<string, number>;
	/** Whose tool each node is. */
	agents?: Record<string, string[]>;
	aTry?: object;
}

const stub = ({
	isToolExecution,
	connectionType,
	type = 'n8n-nodes-allomia.alloMiaTool',
	requests = [],
	input,
	runs = {},
	agents = { AlloMia: ['Agent'] },
	aTry = {},
}: Told = {}) => {
	const runData: Record<string, object[]> = {
		AlloMia: requests.map((it) => ({ inputOverride: { ai_tool: it } })),
	};
	for (const [name, count] of Object.entries(runs)) runData[name] = Array<object>(count).fill({});
	const entry = { node: {} };
	return {
		...(isToolExecution === undefined ? {} : { isToolExecution: () => isToolExecution }),
		connectionType,
		getNode: () => ({ name: 'AlloMia', type }),
		getExecuteData: () => entry,
		workflow: {
			getChildNodes: (name: string, kind: string, depth = -1) => {
				expect(kind).toBe('ai_tool');
				const direct = agents[name] ?? [];
				return depth === 1 ? direct : direct.flatMap((it) => [it, ...(agents[it] ?? [])]);
			},
		},
		runExecutionData: { resultData: { runData } },
		inputData: { ai_tool: input },
		closeFunctions: aTry,
		runIndex: 0,
	} as unknown as IExecuteFunctions & { runIndex: number };
};

const node = 'n8n-nodes-allomia.alloMia';

it.each<[Told, boolean, boolean]>([
	[{ isToolExecution: true, type: node }, true, true],
	[{ isToolExecution: false, type: node }, false, false],
	[{ isToolExecution: false }, false, true],
	// An n8n that does not tell.
	[{ connectionType: 'ai_tool', type: node }, true, true],
	[{ connectionType: 'main', type: node }, false, false],
	[{ isToolExecution: false, connectionType: 'ai_tool', type: node }, false, false],
])('%j runs inside its agent: %s, is a tool: %s', (told, isInside, isTool) => {
	expect([runsInsideAgent(stub(told)), isAgentTool(stub(told))]).toEqual([isInside, isTool]);
});

describe('which run of its agent a tool belongs to', () => {
	it('is told by how often that has run', () => {
		expect(readToolRun(stub()).agentRun).toBe('agent 0');
		expect(readToolRun(stub({ runs: { Agent: 2 } })).agentRun).toBe('agent 2');
	});

	it('is that of the agent above where the agent is a tool itself', () => {
		const agents = { AlloMia: ['Helper'], Helper: ['Agent'] };
		const runs = { Helper: 7, Agent: 3 };
		expect(readToolRun(stub({ agents, runs })).agentRun).toBe('agent 3');
	});

	it('is that of each where several share the tool', () => {
		const agents = { AlloMia: ['One', 'Two'] };
		expect(readToolRun(stub({ agents, runs: { Two: 1 } })).agentRun).toBe('agent 0 1');
	});
});

it('counts what an agent has asked for in one try, where it runs the tool by itself', () => {
	const [first, second] = [{}, {}];
	const asked = (aTry: object) => readToolRun(stub({ isToolExecution: true, aTry })).asked;
	expect(asked(first)).toBeInstanceOf(Map);
	expect(asked(first)).toBe(asked(first));
	expect(asked(second)).not.toBe(asked(first));
	expect(readToolRun(stub({ isToolExecution: false })).asked).toBeUndefined();
});

describe('the run of a tool inside an agent', () => {
	const [one, two] = [{ phoneNumber: '1' }, { phoneNumber: '2' }];

	it('gets its own index, by what the model has filled in', () => {
		const context = stub({ isToolExecution: true, requests: [one, two], input: two });
		fixRunIndex(context);
		expect(context.runIndex).toBe(1);
	});

	it.each<Told>([{ requests: [one, two], input: {} }, { requests: [{}] }, { input: one }])(
		'does nothing where n8n does not tell which it is: %j',
		(told) => {
			const context = stub({ isToolExecution: true, ...told });
			expect(() => fixRunIndex(context)).toThrow(
				'Nothing was done: set the agent’s Batch Size to 1',
			);
		},
	);

	it('is left alone where n8n runs the tool', () => {
		const context = stub({ isToolExecution: false });
		fixRunIndex(context);
		expect(context.runIndex).toBe(0);
	});
});

it.each<[string, Told, object]>([
	['a tool that n8n runs as a node', { isToolExecution: false }, { rewireOutputLogTo: 'ai_tool' }],
	// There, n8n tells of the agent's own entry.
	['a tool that the agent runs by itself', { isToolExecution: true }, {}],
	['a node that is no tool', { isToolExecution: false, type: node }, {}],
])('n8n is told whose output it is: %s', (_, told, wanted) => {
	const context = stub(told);
	routeOutputToAgent(context);
	expect(context.getExecuteData().node).toEqual(wanted);
});
