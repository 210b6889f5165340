import type { CallbackSender } from './callbackSender';
import type { ArmedFault } from './faults';
import type { LinkSigner } from './links';
import { seedCalls, seedOrganizations, seedPhones } from './seed';
import type { Timers } from './timers';
import type {
	CallbackDelivery,
	CallbackSettings,
	CallRecord,
	Dial,
	OutboundStatus,
	RecordedRequest,
	StoredOrganization,
} from './types';

/** An outbound call as the simulator keeps it. */
export interface OutboundCall {
	state: OutboundStatus;
	dial: Dial;
	/** The pace this call got when it was dialled. */
	pace: number;
	attempts: number;
}

/** What `reset` puts back. */
export interface Memory {
	calls: Map<string, OutboundCall>;
	/** Without the links, which are signed on request. */
	log: Map<string, CallRecord>;
	organizations: Map<string, StoredOrganization>;
	/** Assistants and numbers, with the organization each belongs to. */
	phones: { assistants: Map<string, string>; numbers: Map<string, string> };
	faults: ArmedFault[];
	callbackSettings: CallbackSettings;
	/** How long after its end a call is logged, in ms. */
	logLag: number | (() => number);
	/** The numbers whose first call was rejected. */
	refusedOnce: Set<string>;
	/** How many calls an organization may have in progress. */
	capacity: number;
	/** How many it has, by its ID, and the most that one had. */
	inProgress: Map<string, number>;
	mostInProgress: number;
}

/** The state that request handlers use. */
export interface World {
	memory: Memory;
	dials: Dial[];
	requests: RecordedRequest[];
	fileRequests: RecordedRequest[];
	callbacks: CallbackDelivery[];
	pace: number | (() => number);
	/** Ends of calls and late callbacks: dropped by `reset`. */
	timers: Timers;
	/** Slow responses: only dropped at the end, so that no client is left waiting. */
	answerTimers: Timers;
	links: LinkSigner;
	sender: CallbackSender;
	log?: (line: string) => void;
	fileUrl: string;
	recording: Buffer;
}

/** The state at the start. */
export function freshMemory(): Memory {
	return {
		calls: new Map(),
		log: new Map(seedCalls().map((call) => [call.id, call])),
		organizations: new Map(seedOrganizations().map((each) => [each.shown.id, each])),
		phones: seedPhones(),
		faults: [],
		callbackSettings: {},
		logLag: 0,
		refusedOnce: new Set(),
		capacity: Infinity,
		inProgress: new Map(),
		mostInProgress: 0,
	};
}

/** The current value of a setting, which may be a function. */
export function current(setting: number | (() => number) | undefined, fallback: number): number {
	return (typeof setting === 'function' ? setting() : setting) ?? fallback;
}
