import type { INode, NodeApiError } from 'n8n-workflow';
import { throwFailure, type DialResult } from '../../nodes/AlloMia/resources/outboundCall/dial';
import { decide, type Known } from '../../nodes/shared/ledger';

const node = { name: 'AlloMia', type: 'alloMia', typeVersion: 1 } as INode;

/** Items that an earlier attempt has left, of which something is known. */
function failureOf(...known: Known[]): NodeApiError | undefined {
	const items = known.map((_, itemIndex) => ({
		itemIndex,
		ok: true as const,
		value: {
			body: { phoneNumber: `+1514555123${itemIndex}`, assistantId: 'a', phoneNumberId: 'p' },
			dryRun: false,
		},
	}));
	const results = known.flatMap((one, itemIndex): DialResult[] => {
		const decision = decide(one, false);
		return decision.kind === 'uncertain' || decision.kind === 'uncertainKey'
			? [{ itemIndex, outcome: { ok: false, failure: decision.failure }, leftAlone: decision.kind }]
			: [];
	});
	try {
		throwFailure(node, items, results);
		return undefined;
	} catch (error) {
		return error as NodeApiError;
	}
}

const cutOff: Known = { attempted: true };
const keyOfNobody: Known = { key: 'perhapsOurs' };

const redial = 'turn on Options > Redial on Uncertain';
const notByRedial = 'Redial on Uncertain does not call';
const anotherKey = 'with another key';

describe('the ways out of a run that left items alone', () => {
	it.each<[string, Known[], string[], string[]]>([
		['one item', [cutOff], [redial], [notByRedial]],
		['one item, of whose key nobody knows', [keyOfNobody], [notByRedial, anotherKey], [redial]],
		['several items', [cutOff, cutOff], [redial, '+15145551231'], [notByRedial]],
		[
			'several items, of whose keys nobody knows',
			[keyOfNobody, keyOfNobody],
			[notByRedial, anotherKey],
			[redial],
		],
		[
			'both',
			[cutOff, keyOfNobody],
			[redial, notByRedial, anotherKey, 'Once Per of item 1 (+15145551231)'],
			['Once Per of item 0'],
		],
	])('%s', (_what, known, said, unsaid) => {
		const description = failureOf(...known)?.description;
		expect(said.filter((it) => !description?.includes(it))).toEqual([]);
		expect(unsaid.filter((it) => description?.includes(it))).toEqual([]);
		expect(description).toContain('set On Error to a Continue option');
	});

	it('are not shown where nothing was left', () => {
		expect(failureOf({ key: 'free' }, { key: 'taken' })).toBeUndefined();
	});
});
