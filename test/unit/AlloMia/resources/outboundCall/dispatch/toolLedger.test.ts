import type { IExecuteFunctions } from 'n8n-workflow';
import type { DispatchResponse } from '../../../../../../nodes/shared/api/schemas';
import type { Failure } from '../../../../../../nodes/shared/api/failure';
import type { LedgerEntry } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/decision';
import { Ledger } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/ledger';
import { anExecution, processedData } from '../../../../support/processedData';

const answered = (id: string): LedgerEntry => ({
	kind: 'answered',
	answer: { outboundCallId: id } as unknown as DispatchResponse,
});
const lost: Failure = { kind: 'uncertain', message: 'It got lost', description: '' };
const uncertain: LedgerEntry = { kind: 'uncertain', failure: lost };

/** An execution of an agent, whose model asks for calls. */
function agent({ isInside }: { isInside: boolean }) {
	const { helpers } = processedData();
	const now = { runIndex: 0, agentRuns: 0, aTry: {} };
	const context = {
		...anExecution(helpers),
		isToolExecution: () => isInside,
		getNode: () => ({ id: 'n', name: 'AlloMia', type: 'n8n-nodes-allomia.alloMiaTool' }),
		evaluateExpression: () => now.runIndex,
		workflow: {
			getChildNodes: (name: string) => (name === 'AlloMia' ? ['Agent'] : []),
		},
		get runExecutionData() {
			const runData = { Agent: Array<object>(now.agentRuns).fill({}) };
			return { resultData: { runData } };
		},
		get closeFunctions() {
			return now.aTry;
		},
	} as unknown as IExecuteFunctions;

	/** The model asks for a call: what is done, and then becomes of it. */
	async function ask(phoneNumber: string, becomes?: LedgerEntry) {
		const body = { phoneNumber, assistantId: 'a', phoneNumberId: 'p' };
		const settings = { redialOnUncertain: false, keyed: false };
		const ledger = Ledger.open(context, [{ itemIndex: 0, body }], settings);
		const { kind } = await ledger.claim({ itemIndex: 0 }, () => true);
		if (kind === 'dial') await ledger.settle({ itemIndex: 0 }, becomes);
		await ledger.close(false, false);
		now.runIndex += 1;
		return kind;
	}
	return { ask, now };
}

const [ada, bob] = ['+15145551234', '+15145551235'];

describe.each([
	['runs its tools by itself', true],
	['leaves its tools to n8n', false],
])('an agent that %s', (_, isInside) => {
	it('may ask for the same call again: it is placed again', async () => {
		const { ask } = agent({ isInside });
		expect(await ask(ada, answered('1'))).toBe('dial');
		expect(await ask(ada, answered('2'))).toBe('dial');
		expect(await ask(bob, answered('3'))).toBe('dial');
	});

	it('calls nobody again of whom it is not known whether they were called', async () => {
		const { ask } = agent({ isInside });
		expect(await ask(ada, uncertain)).toBe('dial');
		expect(await ask(ada)).toBe('uncertain');
		expect(await ask(bob, answered('1'))).toBe('dial');
	});

	it('may ask for a call again that AlloMia has refused', async () => {
		const { ask } = agent({ isInside });
		expect(await ask(ada)).toBe('dial');
		expect(await ask(ada, answered('1'))).toBe('dial');
	});

	it('may ask in another of its runs, whatever became of the call in the one before', async () => {
		const { ask, now } = agent({ isInside });
		await ask(ada, uncertain);
		now.agentRuns = 1;
		now.aTry = {};
		expect(await ask(ada, answered('1'))).toBe('dial');
	});
});

it('an agent that runs its tools by itself gets the same answers when it is tried again', async () => {
	const { ask, now } = agent({ isInside: true });
	expect(await ask(ada, answered('1'))).toBe('dial');
	expect(await ask(ada, answered('2'))).toBe('dial');
	now.aTry = {};
	expect(await ask(ada)).toBe('answered');
	expect(await ask(ada)).toBe('answered');
	expect(await ask(ada, answered('3'))).toBe('dial');
});
