import { responses, type CallbackResponse } from './responses';

/** How much a trigger asks for before it believes a callback. */
export type Verification = 'auto' | 'signature' | 'always' | 'none';

/** What is to be done about a callback before it is known to be genuine. */
export type Verdict =
	| { kind: 'genuine' }
	| { kind: 'ask' }
	| { kind: 'refuse'; answer: CallbackResponse };

/** @param signed whether the URL carries a valid signature */
export function decideVerification(verification: Verification, signed: boolean): Verdict {
	if (verification === 'none') return { kind: 'genuine' };
	if (verification === 'always') return { kind: 'ask' };
	if (signed) return { kind: 'genuine' };
	return verification === 'auto'
		? { kind: 'ask' }
		: { kind: 'refuse', answer: responses.unverified };
}
