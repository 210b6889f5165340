import type { IDataObject } from 'n8n-workflow';

/** An HTTP response to the sender of a callback. */
export interface CallbackResponse {
	status: number;
	body: IDataObject;
}

/** The responses to callbacks, the same for the trigger and for waiting executions. */
export const responses = {
	received: { status: 200, body: { received: true } },
	ignoredStatus: { status: 200, body: { received: true, ignored: 'status' } },
	duplicate: { status: 200, body: { received: true, ignored: 'duplicate' } },
	starting: {
		status: 503,
		body: { error: 'n8n is still starting the workflow for this result. Try again later.' },
	},
	unverified: { status: 401, body: { error: 'Unverified callback' } },
	unavailable: {
		status: 503,
		body: { error: 'AlloMia could not be asked about this call. Try again later.' },
	},
} satisfies Record<string, CallbackResponse>;

/** The error message of a 400 response: the request has no valid status object. */
export const invalidCallback = 'Invalid callback';
