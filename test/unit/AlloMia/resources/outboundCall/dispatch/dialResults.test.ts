import type { INode, NodeApiError } from 'n8n-workflow';
import {
	throwFailure,
	type DialResult,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/dialResults';
import {
	decide,
	type Known,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/decision';

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
		switch (decision.kind) {
			case 'uncertain':
			case 'notKnown':
			case 'uncertainKey': {
				const { kind: leftAlone, failure } = decision;
				return [{ itemIndex, outcome: { ok: false, failure }, leftAlone }];
			}
			default:
				return [];
		}
	});
	try {
		throwFailure(node, items, results);
		return undefined;
	} catch (error) {
		return error as NodeApiError;
	}
}

const cutOff: Known = { attempted: true };
const notKnown: Known = { attemptedUnknown: true };
const keyOfNobody: Known = { key: 'perhapsOurs' };

const redial = 'turn on Options > Retry Unconfirmed Calls';
const notByRedial = 'Retry Unconfirmed Calls does not call';
const onceWell = 'this execution once n8n is healthy';
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
		['one item that could not be asked about', [notKnown], [redial, onceWell], [notByRedial]],
		[
			'items, one of which could not be asked about',
			[cutOff, notKnown],
			[redial, onceWell, 'read for item 1 (+15145551231)'],
			[notByRedial, 'read for item 0'],
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
		// A single item says these by itself.
		const isList = known.length > 1;
		const says = (text: string) => description?.includes(text);
		expect(says('could not be read for')).toBe(isList && known.includes(notKnown));
		expect(says('the key of Call Once Per of item')).toBe(isList && known.includes(keyOfNobody));
		expect(description?.split('\n').length).toBeGreaterThan(1);
	});

	it('are not shown where nothing was left', () => {
		expect(failureOf({ key: 'free' }, { key: 'taken' })).toBeUndefined();
	});
});
