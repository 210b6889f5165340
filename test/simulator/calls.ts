import { randomUUID } from 'node:crypto';

import { ids } from './constants';
import { endingOf } from './endings';
import { timestamp } from './timers';
import type { CallbackDelivery, CallRecord, Dial, TerminalStatus } from './types';
import { current, type OutboundCall, type World } from './world';

/** Starts a call. With the real API, a phone would ring now. */
export function startCall(world: World, dial: Omit<Dial, 'at' | 'outboundCallId'>): OutboundCall {
	const outboundCallId = randomUUID();
	const call: OutboundCall = {
		state: { outboundCallId, contactId: randomUUID(), status: 'calling' },
		dial: { at: Date.now(), outboundCallId, ...dial },
		pace: current(world.pace, 1000),
		attempts: 0,
	};
	world.dials.push(call.dial);
	world.memory.calls.set(outboundCallId, call);
	count(world, dial.organizationId, 1);
	return call;
}

/** How many calls of an organization are in progress. */
export function callsInProgress({ memory }: World, organizationId: string): number {
	return memory.inProgress.get(organizationId) ?? 0;
}

function count(world: World, organizationId: string, change: 1 | -1): void {
	const { memory } = world;
	const inProgress = callsInProgress(world, organizationId) + change;
	memory.inProgress.set(organizationId, inProgress);
	memory.mostInProgress = Math.max(memory.mostInProgress, inProgress);
}

/** Whether a call ends by itself within so many ms. */
export function endsByItself({ dial, pace }: OutboundCall, within: number): boolean {
	return endingOf(dial.body.phoneNumber).status !== 'calling' && pace < within;
}

/** Schedules the end of a call: after the pace, unless its number says otherwise. */
export function scheduleEnd(world: World, call: OutboundCall): void {
	const { status = 'completed' } = endingOf(call.dial.body.phoneNumber);
	if (status === 'calling') return;
	world.timers.after(call.pace, () => {
		if (call.state.status === 'calling') void finishCall(world, call, status);
	});
}

const endedReasons: Record<TerminalStatus, string> = {
	completed: 'customer-ended-call',
	failed: 'call-start-error',
	busy: 'customer-busy',
	'no-answer': 'customer-did-not-answer',
};

/** Ends a call; resolves when every copy of its callback has been delivered. */
export async function finishCall(
	world: World,
	call: OutboundCall,
	status: TerminalStatus,
): Promise<void> {
	const startedAt = timestamp(call.dial.at);
	const endedAt = timestamp(Date.now());
	const talked = status === 'completed' ? Date.parse(endedAt) - Date.parse(startedAt) : 0;
	const callDetails = {
		startedAt,
		endedAt,
		duration: talked / 1000,
		endedReason: endedReasons[status],
	};
	call.state = { ...call.state, status, callDetails };
	call.dial.endedAt = Date.now();
	count(world, call.dial.organizationId, -1);
	const { late = 0 } = endingOf(call.dial.body.phoneNumber).log ?? {};
	const lag = late * call.pace + current(world.memory.logLag, 0);
	if (lag > 0) world.timers.after(lag, () => addToLog(world, call, status));
	else addToLog(world, call, status);
	await deliverAll(world, call);
}

async function deliverAll(world: World, call: OutboundCall): Promise<void> {
	if (call.dial.body.callbackUrl === undefined) return;
	const { callback = {} } = endingOf(call.dial.body.phoneNumber);
	const { callbackSettings } = world.memory;
	const copies = callback.copies ?? current(callbackSettings.copies, 1);
	const deliveries = Array.from({ length: copies }, async () => {
		const delay = (callback.late ?? 0) * call.pace + current(callbackSettings.delayMs, 0);
		if (delay > 0) await world.timers.wait(delay);
		await deliver(world, call);
	});
	await Promise.all(deliveries);
}

/** Posts a call's status to its callback URL, once. */
export async function deliver(world: World, call: OutboundCall): Promise<CallbackDelivery> {
	const { state, dial } = call;
	const url = dial.body.callbackUrl;
	if (url === undefined) throw new Error(`Call ${state.outboundCallId} has no callbackUrl`);
	if (state.status === 'calling') {
		throw new Error(`Call ${state.outboundCallId} has not ended: it has no callback yet`);
	}
	call.attempts += 1;
	const { memory } = world;
	const delivery: CallbackDelivery = {
		at: Date.now(),
		outboundCallId: state.outboundCallId,
		url,
		body: state,
		attempt: call.attempts,
	};
	Object.assign(delivery, await world.sender.send(url, JSON.stringify(state)));
	// The simulator may have been reset in between.
	if (memory === world.memory) world.callbacks.push(delivery);
	const result = delivery.error ?? `${delivery.status} ${delivery.responseBody?.slice(0, 200)}`;
	world.log?.(`callback -> ${url} ${state.status}: ${result}`);
	return delivery;
}

/** Adds an ended outbound call to the call log, with an ID of its own. */
function addToLog(world: World, { state, dial }: OutboundCall, status: TerminalStatus): void {
	const details = state.callDetails;
	if (!details) return;
	const talked = status === 'completed';
	const { neighbour, outcome } = endingOf(dial.body.phoneNumber).log ?? {};
	const entry = logEntry({
		organizationId: dial.organizationId,
		agentId: dial.body.assistantId,
		callStartedAt: details.startedAt,
		callEndedAt: details.endedAt,
		callDurationSeconds: String(details.duration),
		userPhoneNumber: dial.body.phoneNumber,
		createdAt: details.endedAt,
		callEndedReason: details.endedReason,
		userName: dial.body.customerName ?? null,
		...(outcome === undefined ? {} : { callOutcome: outcome, ...said(outcome) }),
		...(talked ? {} : { transcriptUrl: null, recordingUrl: null, callSummary: null }),
		...(talked ? {} : { callSummaryFr: null, callOutcome: null, userSentiment: null }),
		...(talked ? {} : { userPrimaryIntent: null }),
	});
	world.memory.log.set(entry.id, entry);
	if (!neighbour) return;
	const other = logEntry({
		...entry,
		id: randomUUID(),
		callStartedAt: timestamp(Date.parse(details.startedAt) + 2000),
		userName: 'Somebody else',
		...(neighbour === 'same number' ? {} : { userPhoneNumber: '+14385551999' }),
	});
	world.memory.log.set(other.id, other);
}

/** The summaries of a call in which nothing was confirmed. */
function said(outcome: string | null): Pick<CallRecord, 'callSummary' | 'callSummaryFr'> {
	return outcome === 'voicemail_left'
		? { callSummary: 'A voicemail was left.', callSummaryFr: 'Un message a été laissé.' }
		: { callSummary: 'Nothing was agreed on.', callSummaryFr: 'Rien n’a été convenu.' };
}

/** Builds a call log entry with defaults for what is not given. */
export function logEntry(given: Partial<CallRecord>): CallRecord {
	const now = timestamp(Date.now());
	return {
		id: randomUUID(),
		organizationId: ids.organizationId,
		callType: 'Outbound',
		agentId: ids.assistantId,
		agentName: 'Reminder',
		teamId: null,
		teamName: null,
		phoneNumber: '+15145550101',
		callStartedAt: now,
		callEndedAt: now,
		callDurationSeconds: '0',
		userPhoneNumber: '+15145551234',
		createdAt: now,
		callEndedReason: 'customer-ended-call',
		userName: null,
		userPrimaryIntent: 'confirm_appointment',
		userSentiment: 'positive',
		callOutcome: 'appointment_confirmed',
		callSummary: 'The appointment was confirmed.',
		callSummaryFr: 'Le rendez-vous a été confirmé.',
		...given,
	};
}
