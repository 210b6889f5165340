import { responses } from '../../../../nodes/shared/callbacks/responses';
import {
	decideVerification,
	type Verification,
} from '../../../../nodes/shared/callbacks/verificationPolicy';

describe('verification', () => {
	const authentic = { kind: 'authentic' };
	const rejected = { kind: 'reject', response: responses.unverified };

	it.each<[Verification, boolean, object]>([
		['auto', true, authentic],
		['auto', false, { kind: 'retrieve' }],
		['signature', true, authentic],
		['signature', false, rejected],
		['always', true, { kind: 'retrieve' }],
		['always', false, { kind: 'retrieve' }],
		['none', true, authentic],
		['none', false, authentic],
	])('%s trusts what it should (signed: %s)', (verification, signed, expected) => {
		expect(decideVerification(verification, signed)).toEqual(expected);
	});

	it('rejects unsigned callbacks for an unknown setting', () => {
		expect(decideVerification('other' as Verification, false)).toEqual(rejected);
	});
});
