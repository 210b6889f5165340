import { ApiError, invalid, json, type ApiResponse } from './responses';
import { finishCall } from './calls';
import { callbacksBody, capacityBody, endBody, faultBody, logBody, paceBody } from './schemas';
import type { Incoming } from './request';
import type { Dial, TerminalStatus } from './types';
import { check, parseJson } from './validation';
import type { World } from './world';

/** Handles the `/_simulator/` paths, which AlloMia does not have. They need no key. */
export async function answerControl(world: World, request: Incoming): Promise<ApiResponse> {
	const { method, pathname } = request;
	const asked = `${method} ${pathname}`;
	if (asked === 'GET /_simulator/state') return json(200, state(world));
	if (asked === 'GET /_simulator/dials')
		return json(200, { dials: world.dials.map((dial) => shownDial(world, dial)) });
	if (asked === 'POST /_simulator/faults') {
		const rule = check(faultBody, bodyOf(request));
		world.memory.faults.push({ rule, left: rule.times ?? 1 });
		return json(200, { faults: world.memory.faults.length });
	}
	if (asked === 'DELETE /_simulator/faults') {
		world.memory.faults = [];
		return json(200, { faults: 0 });
	}
	if (asked === 'POST /_simulator/pace') {
		const { ms } = check(paceBody, bodyOf(request));
		world.pace = typeof ms === 'object' ? between(ms) : ms;
		return json(200, { ms });
	}
	if (asked === 'POST /_simulator/callbacks') {
		const settings = check(callbacksBody, bodyOf(request));
		const { copies, delayMs } = settings;
		world.memory.callbackSettings = {
			copies,
			delayMs: typeof delayMs === 'object' ? between(delayMs) : delayMs,
		};
		return json(200, settings);
	}
	if (asked === 'POST /_simulator/capacity') {
		const settings = check(capacityBody, bodyOf(request));
		world.memory.capacity = settings.calls;
		return json(200, settings);
	}
	if (asked === 'POST /_simulator/log') {
		const settings = check(logBody, bodyOf(request));
		world.memory.logLag = settings.lagMs;
		return json(200, settings);
	}
	const id = /^POST \/_simulator\/calls\/([^/]+)\/end$/.exec(asked)?.[1];
	if (id === undefined) throw new ApiError(404, { error: 'Not found' });
	const { status } = check(endBody, bodyOf(request));
	await endCall(world, id, status).catch((error: Error) => {
		throw invalid([{ field: 'id', message: error.message, code: 'custom' }]);
	});
	return json(200, world.memory.calls.get(id)?.state);
}

/** Ends a call in progress, and delivers its callback. */
export async function endCall(world: World, id: string, status: TerminalStatus): Promise<void> {
	const call = world.memory.calls.get(id);
	if (!call) throw new Error(`There is no outbound call ${id}`);
	if (call.state.status !== 'calling') {
		throw new Error(`Outbound call ${id} has already ended: ${call.state.status}`);
	}
	await finishCall(world, call, status);
}

/** A placed call, with its callback URL, and its duration in ms. */
function shownDial({ memory }: World, { at, outboundCallId, body }: Dial) {
	return { at, outboundCallId, body, pace: memory.calls.get(outboundCallId)?.pace };
}

/** A random delay, so that callbacks arrive out of order. */
function between({ from, to }: { from: number; to: number }): () => number {
	return () => from + Math.random() * (to - from);
}

function bodyOf({ body, headers }: Incoming): unknown {
	if (body === null) throw new ApiError(413, { error: 'Request body too large' });
	return parseJson(body, headers['content-type']);
}

function state(world: World) {
	const statuses = [...world.memory.calls.values()].map((call) => call.state.status);
	const count = (wanted: string) => statuses.filter((status) => status === wanted).length;
	return {
		dials: world.dials.length,
		calls: Object.fromEntries(
			['calling', 'completed', 'failed', 'busy', 'no-answer'].map((s) => [s, count(s)]),
		),
		mostInProgress: world.memory.mostInProgress,
		callbacks: {
			delivered: world.callbacks.filter(({ error }) => error === undefined).length,
			failed: world.callbacks.filter(({ error }) => error !== undefined).length,
		},
		requests: world.requests.length,
		fileRequests: world.fileRequests.length,
		faults: world.memory.faults.map(({ rule, left }) => ({ kind: rule.kind, left })),
		pace: typeof world.pace === 'number' ? world.pace : null,
	};
}
