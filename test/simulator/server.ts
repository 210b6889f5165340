import http, { type IncomingMessage, type ServerResponse } from 'node:http';

import { responseBefore, ApiError, json, spoil, type ApiResponse } from './responses';
import { bodyLimit, rememberedRequests } from './constants';
import { describeResponse, describeRequest } from './describe';
import { takeFault } from './faults';
import type { Incoming } from './request';
import type { RecordedRequest } from './types';
import type { World } from './world';

export type Handler = (world: World, request: Incoming) => ApiResponse | Promise<ApiResponse>;

/** Creates a server that records requests and injects faults, except on `control` paths. */
export function createServer(
	world: World,
	host: 'api' | 'files',
	handle: Handler,
	control?: Handler,
): http.Server {
	const record = host === 'api' ? world.requests : world.fileRequests;
	const server = http.createServer((req, res) => {
		void serve(req, res).catch(() => req.socket.destroy());
	});
	// Longer than clients keep idle connections, so that none uses one that is just being closed.
	server.keepAliveTimeout = 65_000;
	server.requestTimeout = 0;
	return server;

	async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
		const request = await read(req);
		if (control && request.pathname.startsWith('/_simulator/')) {
			return await send(world, await settle(world, control, request), req, res);
		}
		const entry = remember(record, request);
		world.log?.(`<- ${describeRequest(host, request)}`);
		const answer = await produce(request);
		await send(world, answer, req, res, entry);
		world.log?.(`-> ${describeResponse(answer)}`);
	}

	async function produce(request: Incoming): Promise<ApiResponse> {
		const fault = takeFault(world.memory.faults, { host, ...request });
		const early = fault && responseBefore(fault);
		if (early) return early;
		const answer = await settle(world, handle, request);
		return fault ? spoil(answer, fault) : answer;
	}
}

async function read(req: IncomingMessage): Promise<Incoming> {
	const path = req.url ?? '/';
	const [pathname = '/', ...query] = path.split('?');
	return {
		method: req.method ?? 'GET',
		path,
		pathname,
		query: new URLSearchParams(query.join('?')),
		headers: req.headers,
		body: await readBody(req),
	};
}

async function readBody(req: IncomingMessage): Promise<Buffer | null> {
	const chunks: Buffer[] = [];
	let size = 0;
	// A body over the limit is read to its end, so that the client gets its response.
	for await (const chunk of req as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size <= bodyLimit) chunks.push(chunk);
	}
	return size <= bodyLimit ? Buffer.concat(chunks) : null;
}

function remember(record: RecordedRequest[], request: Incoming): RecordedRequest {
	const { method, path, headers, body } = request;
	const entry = { at: Date.now(), method, path, headers, rawBody: body?.toString() ?? '' };
	record.push(entry);
	// In batches, since removing from the front moves all other entries.
	if (record.length > rememberedRequests * 1.1) {
		record.splice(0, record.length - rememberedRequests);
	}
	return entry;
}

async function settle(world: World, handle: Handler, request: Incoming): Promise<ApiResponse> {
	try {
		return await handle(world, request);
	} catch (error) {
		if (error instanceof ApiError) return json(error.status, error.body, error.headers);
		world.log?.(`The simulator itself failed: ${String(error)}`);
		return json(500, { error: 'Internal server error occurred' });
	}
}

async function send(
	world: World,
	answer: ApiResponse,
	req: IncomingMessage,
	res: ServerResponse,
	entry?: RecordedRequest,
): Promise<void> {
	if (answer.delayMs) await world.answerTimers.wait(answer.delayMs);
	if (answer.delivery === 'hang' || res.destroyed) return;
	if (answer.delivery === 'reset') {
		req.socket.resetAndDestroy();
		return;
	}
	if (entry) entry.status = answer.status;
	const length = Buffer.byteLength(answer.body);
	res.writeHead(answer.status, { ...answer.headers, 'content-length': length });
	if (answer.delivery === 'stall') res.write(answer.body.slice(0, Math.ceil(length / 2)));
	else res.end(answer.body);
}
