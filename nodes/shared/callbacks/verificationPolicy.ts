import { responses, type CallbackResponse } from './responses';

/** The trigger's setting Verification. Waiting executions use `auto`. */
export type Verification = 'auto' | 'signature' | 'always' | 'none';

/** How to go on with a callback: accept it, retrieve its event from AlloMia, or reject it. */
export type Verdict =
	| { kind: 'authentic' }
	| { kind: 'retrieve' }
	| { kind: 'reject'; response: CallbackResponse };

/** @param isSigned whether the callback's URL has a valid signature */
export function decideVerification(verification: Verification, isSigned: boolean): Verdict {
	if (verification === 'none') return { kind: 'authentic' };
	if (verification === 'always') return { kind: 'retrieve' };
	if (isSigned) return { kind: 'authentic' };
	return verification === 'auto'
		? { kind: 'retrieve' }
		: { kind: 'reject', response: responses.unverified };
}
