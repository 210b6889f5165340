import type { IncomingHttpHeaders } from 'node:http';

/** How a call can end. */
export type TerminalStatus = 'completed' | 'failed' | 'busy' | 'no-answer';

/** Every status a call can have. */
export type CallStatus = 'calling' | TerminalStatus;

/** The body of an accepted POST /outbound. */
export interface OutboundRequest {
	phoneNumber: string;
	assistantId: string;
	phoneNumberId: string;
	customerName?: string;
	dynamicVariables?: Record<string, string>;
	callbackUrl?: string;
}

/** Response of GET /outbound/{id}/status, and body of a callback. */
export interface OutboundStatus {
	outboundCallId: string;
	contactId: string;
	status: CallStatus;
	callDetails?: { startedAt: string; endedAt: string; duration: number; endedReason: string };
}

/** An accepted POST /outbound: with the real API, a phone would have rung. */
export interface Dial {
	at: number;
	/** When the call ended, if it has. */
	endedAt?: number;
	outboundCallId: string;
	body: OutboundRequest;
	rawBody: string;
	organizationId: string;
	headers: IncomingHttpHeaders;
}

/** A request; `status` is missing as long as there is no response. */
export interface RecordedRequest {
	at: number;
	method: string;
	/** With the query. */
	path: string;
	headers: IncomingHttpHeaders;
	rawBody: string;
	status?: number;
}

/** A delivered or failed callback, recorded when the receiver has responded. */
export interface CallbackDelivery {
	at: number;
	outboundCallId: string;
	url: string;
	body: OutboundStatus;
	/** The receiver's response; missing if there is an `error`. */
	status?: number;
	responseBody?: string;
	error?: string;
	/** 1 for the first delivery for this call, 2 for the next one, and so on. */
	attempt: number;
}

export type CallType = 'Inbound' | 'Outbound' | 'Web';

/** An entry of GET /calls. */
export interface CallSummary {
	id: string;
	organizationId: string;
	callType: CallType;
	agentId: string;
	agentName: string;
	teamId?: string | null;
	teamName?: string | null;
	phoneNumber: string | null;
	/** Documented as always present; null stands for an incomplete entry. */
	callStartedAt: string | null;
	callEndedAt: string;
	callDurationSeconds: string;
	userPhoneNumber: string | null;
	createdAt: string;
}

/** Response of GET /calls/{id}. */
export interface CallRecord extends CallSummary {
	callEndedReason?: string | null;
	userName?: string | null;
	userPrimaryIntent?: string | null;
	userSentiment?: string | null;
	callOutcome?: string | null;
	callSummary?: string | null;
	callSummaryFr?: string | null;
	/** Omitted: a fresh signed link each time. Explicitly undefined: the field is missing. */
	transcriptUrl?: string | null;
	recordingUrl?: string | null;
}

export interface Organization {
	id: string;
	name: string;
	email: string;
	address: string;
	city: string;
	stateProvince: string;
	postalCode: string;
	country: string;
	phoneNumber: string;
	tenantId: string;
	timezone: string;
	createdAt: string;
	createdBy: string;
}

/** The kinds of faults in a request or its response. */
export type FaultKind =
	| 'reset-before'
	| 'reset-after'
	| 'timeout-before'
	| 'timeout-after'
	| 'status'
	| 'truncated'
	| 'stalled'
	| 'html'
	| 'empty'
	| 'wrong-types'
	| 'slow';

/** A fault with its options. */
export interface Fault {
	kind: FaultKind;
	/** The response's status; default 500 for `status`, and the true one for the others. */
	status?: number;
	headers?: Record<string, string>;
	/** Body for `status` and `html`; an object is sent as JSON. */
	body?: unknown;
	/** For `slow`; default 3000. */
	delayMs?: number;
}

export interface FaultMatch {
	method?: string;
	/** Text: the whole path without query, `/api` optional, `*` for one segment. */
	path?: RegExp | string;
	/** The `phoneNumber` of the request body, exactly. */
	number?: string;
	/** Which of the two servers; default `api`. */
	host?: 'api' | 'files';
}

export interface FaultRule extends Fault {
	match?: FaultMatch;
	/** The number of matching requests it applies to; default 1. */
	times?: number;
}

/** How callbacks are delivered; functions are evaluated for each call (or copy). */
export interface CallbackSettings {
	copies?: number | (() => number);
	delayMs?: number | (() => number);
}

export interface SimulatorOptions {
	/** 0, the default: any free port. */
	port?: number;
	/** Default 127.0.0.1. */
	host?: string;
	/** The time from the start of a call to its end, in ms; default 1000. */
	pace?: number;
	log?: (line: string) => void;
	/** The timeout of a callback, in ms; default 10000. */
	callbackTimeout?: number;
	/** The size of each recording, in bytes; default 16044 (one second of audio). */
	recordingBytes?: number;
}

export interface SimulatorKeys {
	tenant: string;
	organization: string;
	inactive: string;
	otherOrganization: string;
}

export interface SimulatorIds {
	tenantId: string;
	organizationId: string;
	assistantId: string;
	phoneNumberId: string;
	otherOrganizationId: string;
	otherAssistantId: string;
	otherPhoneNumberId: string;
	inactiveOrganizationId: string;
	inactiveAssistantId: string;
	inactivePhoneNumberId: string;
	/** An organization of another tenant: none of the keys sees it. */
	foreignOrganizationId: string;
}

/** A running simulator. The arrays are live: `reset` empties them in place. */
export interface Simulator {
	/** What to put in the credential: `http://127.0.0.1:PORT/api`. */
	baseUrl: string;
	/** The origin of transcripts and recordings. */
	fileUrl: string;
	keys: SimulatorKeys;
	ids: SimulatorIds;
	dials: Dial[];
	requests: RecordedRequest[];
	fileRequests: RecordedRequest[];
	callbacks: CallbackDelivery[];
	setPace(pace: number | (() => number)): void;
	setCallbacks(settings: CallbackSettings): void;
	/** How many calls an organization may have in progress; more get 429. No limit by default. */
	setCapacity(calls: number): void;
	/** The most calls that an organization had in progress at a time, since the start or the last reset. */
	mostInProgress(): number;
	/** How long after its end a call is logged, in ms; its callback does not wait for that. */
	setLogLag(lag: number | (() => number)): void;
	/** Ends a call now; resolves when its callback (if it has one) has been delivered. */
	endCall(outboundCallId: string, status: TerminalStatus): Promise<void>;
	/** Delivers the callback of an ended call again. */
	deliverCallback(outboundCallId: string): Promise<CallbackDelivery>;
	/** Adds a fault; null removes them all. */
	fault(rule: FaultRule | null): void;
	clearFaults(): void;
	/** Makes all links issued so far expire (403). */
	expireLinks(): void;
	/** Adds an entry to the call log and returns its id. */
	addCall(call?: Partial<CallRecord>): string;
	/** Restores the initial state. */
	reset(): void;
	stop(): Promise<void>;
}

/** An organization, with what responses do not show. */
export interface StoredOrganization {
	shown: Organization;
	active: boolean;
	externalId?: string;
	metadataVersion: number;
}
