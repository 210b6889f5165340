import { visibleOrganization, type Caller } from './access';
import { ApiError, json, spoil, type ApiResponse } from './responses';
import { callsInProgress, finishCall, scheduleEnd, startCall } from './calls';
import { endingOf, type NumberEnding } from './endings';
import type { Context } from './request';
import { outboundBody } from './schemas';
import type { OutboundRequest } from './types';
import { check, parseJson } from './validation';
import type { World } from './world';

/** POST /outbound */
export async function createOutboundCall({
	world,
	caller,
	request,
}: Context): Promise<ApiResponse> {
	refuseInactive(world, caller);
	const raw = parseJson(request.body, request.headers['content-type']);
	check(outboundBody, raw);
	// The body as it was sent, not zod's copy.
	const body = raw as OutboundRequest;
	const organizationId = callingOrganization(world, caller, body);
	const ending = endingOf(body.phoneNumber);
	const refused = refusal(world, ending, body.phoneNumber);
	if (refused) return refused;
	if (callsInProgress(world, organizationId) >= world.memory.capacity) {
		return json(429, { error: 'Too many calls in progress' });
	}

	const { headers } = request;
	const rawBody = request.body.toString();
	const call = startCall(world, { body, rawBody, organizationId, headers });
	const { outboundCallId, contactId, status } = call.state;
	const message = 'Outbound call dispatched';
	const answer = json(200, { outboundCallId, contactId, status, message });
	if (ending.atOnce) await finishCall(world, call, 'completed');
	else scheduleEnd(world, call);
	return ending.answer ? spoil(answer, ending.answer) : answer;
}

function refuseInactive(world: World, caller: Caller): void {
	if (caller.level === 'tenant') return;
	if (world.memory.organizations.get(caller.organizationId)?.active) return;
	throw new ApiError(403, { error: 'Organization is inactive' });
}

/** The active organization that both the assistant and the number belong to. */
function callingOrganization(world: World, caller: Caller, body: OutboundRequest): string {
	const { assistants, numbers } = world.memory.phones;
	const id = assistants.get(body.assistantId);
	if (id !== undefined && id === numbers.get(body.phoneNumberId)) {
		if (visibleOrganization(world, caller, id)?.active) return id;
	}
	throw new ApiError(404, { error: 'Assistant or phone number not found' });
}

function refusal(world: World, { refusal }: NumberEnding, number: string): ApiResponse | undefined {
	if (!refusal) return undefined;
	if (refusal.once) {
		if (world.memory.refusedOnce.has(number)) return undefined;
		world.memory.refusedOnce.add(number);
	}
	return json(refusal.status, refusal.body, refusal.headers?.());
}

/** GET /outbound/{id}/status */
export function getOutboundStatus({ world, caller, params }: Context): ApiResponse {
	const call = world.memory.calls.get(params[0] ?? '');
	if (!call || !visibleOrganization(world, caller, call.dial.organizationId)) {
		throw new ApiError(404, { error: 'Outbound call not found' });
	}
	return json(200, call.state);
}
