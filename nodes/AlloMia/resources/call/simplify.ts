import type { IDataObject } from 'n8n-workflow';
import { pickSimplified, type Simplified } from '../simplify';

const bookkeeping = [
	'organizationId',
	'agentId',
	'teamId',
	'teamName',
	'phoneNumber',
	'callEndedAt',
	'createdAt',
];

const listedCall: Simplified = {
	first: ['id', 'callStartedAt', 'callDurationSeconds', 'callType', 'userPhoneNumber', 'agentName'],
	without: bookkeeping,
};

const call: Simplified = {
	first: [
		'id',
		'callSummary',
		'userPrimaryIntent',
		'userSentiment',
		'userName',
		'userPhoneNumber',
		'callStartedAt',
		'callDurationSeconds',
	],
	// The links are long and expire after an hour: Download has the files.
	without: [
		...bookkeeping,
		'agentName',
		'callType',
		'callEndedReason',
		'transcriptUrl',
		'recordingUrl',
	],
};

/** Simplifies a call of GET /calls. */
export function simplifyListedCall(raw: IDataObject): IDataObject {
	return pickSimplified(raw, listedCall);
}

/** Simplifies a call of GET /calls/{id}. */
export function simplifyCall(raw: IDataObject): IDataObject {
	return pickSimplified(raw, call);
}
