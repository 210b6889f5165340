import { responses } from '../../../../nodes/shared/callbacks/responses';
import {
	decideVerification,
	type Verification,
} from '../../../../nodes/shared/callbacks/verification';

describe('verification', () => {
	const genuine = { kind: 'genuine' };
	const refuse = { kind: 'refuse', answer: responses.unverified };

	it.each<[Verification, boolean, object]>([
		['auto', true, genuine],
		['auto', false, { kind: 'ask' }],
		['signature', true, genuine],
		['signature', false, refuse],
		['none', true, genuine],
		['none', false, genuine],
	])('%s believes what it should (signed: %s)', (verification, signed, expected) => {
		expect(decideVerification(verification, signed)).toEqual(expected);
	});

	it('believes nothing unsigned for a setting that it does not know', () => {
		expect(decideVerification('other' as Verification, false)).toEqual(refuse);
	});
});
