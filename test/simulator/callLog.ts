import { visibleOrganization } from './access';
import { ApiError, json, type ApiResponse } from './responses';
import { freshLinks } from './fileHost';
import { paginate } from './paging';
import type { Context } from './request';
import { callsQuery, instant, type CallsQuery } from './schemas';
import type { CallRecord, CallSummary } from './types';
import { check, queryObject } from './validation';

/** GET /calls */
export function listCalls({ world, caller, request }: Context): ApiResponse {
	const query = check(callsQuery, queryObject(request.query));
	if (!visibleOrganization(world, caller, query.organizationId)) {
		throw new ApiError(404, { error: 'Organization not found' });
	}
	const found = sorted(
		[...world.memory.log.values()].filter((call) => wanted(call, query)),
		query.sort,
	);
	const { items, pagination } = paginate(found, query);
	return json(200, { calls: items.map(summary), pagination });
}

/** GET /calls/{id} */
export function getCall({ world, caller, params }: Context): ApiResponse {
	const call = world.memory.log.get(params[0] ?? '');
	if (!call || !visibleOrganization(world, caller, call.organizationId)) {
		throw new ApiError(404, { error: 'Call not found' });
	}
	return json(200, { ...freshLinks(world, call.id), ...call });
}

function wanted(call: CallRecord, query: CallsQuery): boolean {
	const { callType, agentName, from, to, userPrimaryIntent } = query;
	const started = startOf(call);
	return (
		call.organizationId === query.organizationId &&
		(callType === undefined || call.callType === callType) &&
		(agentName === undefined || call.agentName.toLowerCase().includes(agentName.toLowerCase())) &&
		(from === undefined || started === 0 || started >= instant(from)) &&
		(to === undefined || started <= instant(to)) &&
		(userPrimaryIntent === undefined || call.userPrimaryIntent === userPrimaryIntent)
	);
}

/** The start in ms since 1970; 0 if it is not known, which matches any time. */
function startOf({ callStartedAt }: CallRecord): number {
	return callStartedAt === null ? 0 : Date.parse(callStartedAt);
}

/** Sorts by start or by duration; stable for equal ones. */
function sorted(calls: CallRecord[], sort: CallsQuery['sort']): CallRecord[] {
	const value = sort.startsWith('duration')
		? (call: CallRecord) => Number(call.callDurationSeconds)
		: startOf;
	const keyed = calls.map((call, index) => ({ call, index, value: value(call) }));
	keyed.sort((a, b) => a.value - b.value || a.index - b.index);
	if (sort.endsWith('desc')) keyed.reverse();
	return keyed.map(({ call }) => call);
}

function summary(call: CallRecord): CallSummary {
	const { id, organizationId, callType, agentId, agentName, teamId, teamName } = call;
	const { phoneNumber, callStartedAt, callEndedAt, callDurationSeconds } = call;
	const { userPhoneNumber, createdAt } = call;
	return {
		...{ id, organizationId, callType, agentId, agentName, teamId, teamName },
		...{ phoneNumber, callStartedAt, callEndedAt, callDurationSeconds },
		...{ userPhoneNumber, createdAt },
	};
}
