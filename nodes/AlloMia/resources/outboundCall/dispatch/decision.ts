import { lookItUp } from '../../../../shared/api/errorMessages';
import type { Failure } from '../../../../shared/api/failure';
import type { DispatchResponse } from '../../../../shared/api/schemas';

/** The result of an item that was sent to AlloMia, stored in the execution. */
export type LedgerEntry =
	| { kind: 'answered'; answer: DispatchResponse }
	| { kind: 'uncertain'; failure: Failure };

/** Everything known of a call that is about to be placed. */
export interface Known {
	/** The stored result of an earlier attempt at this run. */
	entry?: LedgerEntry;
	/** Whether an attempt whose result is not stored may have placed it. */
	attempted?: boolean;
	/** Whether that is unknown, since the store could not be read. */
	attemptedUnknown?: boolean;
	/** Whether its key had been claimed, and by whom, or why that is unknown. */
	key?: 'free' | 'taken' | 'takenHere' | 'perhapsOurs' | 'doubtful' | 'unknown';
}

/** How to go on with a call. Only `dial` places it. */
export type Decision =
	| { kind: 'dial' }
	| { kind: 'answered'; answer: DispatchResponse }
	| { kind: 'uncertain'; failure: Failure }
	/** The store could not be read. This is not stored, so that the next attempt reads it again. */
	| { kind: 'notKnown'; failure: Failure }
	/** It is uncertain who claimed its key: Retry Unconfirmed Calls does not apply. */
	| { kind: 'uncertainKey'; failure: Failure }
	| { kind: 'alreadyCalled' }
	| { kind: 'skipped' }
	| { kind: 'refused'; failure: Failure };

const cutOff: Failure = {
	kind: 'uncertain',
	message: 'An earlier attempt at this call was interrupted',
	description: `n8n stopped while this call was being placed. ${lookItUp}`,
};

const notKnown: Failure = {
	kind: 'uncertain',
	message: 'It cannot be determined whether this call was placed before',
	description: `This is a retry, and n8n’s database could not be read. Retry this execution once n8n is healthy. ${lookItUp}`,
};

const doubtfulKey: Failure = {
	kind: 'uncertain',
	message: 'Another execution may be calling for the same value of Call Once Per',
	description: `n8n’s database took too long, so it is uncertain whether the value was claimed. ${lookItUp}`,
};

const perhapsOurKey: Failure = {
	kind: 'uncertain',
	message: 'It is unknown who has claimed this value of Call Once Per',
	description: `An earlier attempt was interrupted while it claimed it, or another execution had called for it before. ${lookItUp} If nobody was called, start a new execution with this item only, with another key: Retry Unconfirmed Calls does not call it.`,
};

const unknownKey: Failure = {
	kind: 'refused',
	message: 'The value of Call Once Per could not be saved in n8n’s database',
	description:
		'Nobody was called for this item. Save the workflow, or try again in some minutes. If the item is passed over as already called then, its key was kept all the same: give it another one.',
};

/** Decides how to go on with a call. */
export function decide(known: Known, redialOnUncertain: boolean): Decision {
	const { entry, attempted, attemptedUnknown, key } = known;
	if (entry?.kind === 'answered') return entry;
	if (!redialOnUncertain) {
		if (entry) return entry;
		if (attempted) return { kind: 'uncertain', failure: cutOff };
		if (attemptedUnknown) return { kind: 'notKnown', failure: notKnown };
	} else if (entry || attempted) {
		// Its key was claimed by the attempt that is now repeated, possibly for several items.
		return { kind: key === 'takenHere' ? 'alreadyCalled' : 'dial' };
	}
	switch (key) {
		case 'taken':
		case 'takenHere':
			return { kind: 'alreadyCalled' };
		case 'perhapsOurs':
			return { kind: 'uncertainKey', failure: perhapsOurKey };
		case 'doubtful':
			return { kind: 'uncertain', failure: doubtfulKey };
		case 'unknown':
			return { kind: 'refused', failure: unknownKey };
		default:
			return { kind: 'dial' };
	}
}
