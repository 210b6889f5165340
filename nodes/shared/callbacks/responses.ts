import type { IDataObject } from 'n8n-workflow';

/** What a caller of our webhook is told. */
export interface CallbackResponse {
	status: number;
	body: IDataObject;
}

/** The one table of answers: the same for the trigger and for parked executions. */
export const responses = {
	received: { status: 200, body: { received: true } },
	ignoredStatus: { status: 200, body: { received: true, ignored: 'status' } },
	duplicate: { status: 200, body: { received: true, ignored: 'duplicate' } },
	unverified: { status: 401, body: { error: 'Unverified callback' } },
	unavailable: {
		status: 503,
		body: { error: 'AlloMia could not be asked about this call. Try again later.' },
	},
} satisfies Record<string, CallbackResponse>;

/** The error of a 400: what was posted is no status object. */
export const invalidCallback = 'Invalid callback';
