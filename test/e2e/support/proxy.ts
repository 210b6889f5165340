import http from 'node:http';
import { close, listen } from '../../simulator';

/** Hands a request on to another address, and its answer back. */
export function forward(
	url: string,
	request: http.IncomingMessage,
	response: http.ServerResponse,
): void {
	const { method, headers } = request;
	const onward = http.request(url, { method, headers }, (answer) => {
		response.writeHead(answer.statusCode ?? 502, answer.headers);
		answer.pipe(response);
	});
	onward.on('error', () =>
		response.headersSent ? response.destroy() : response.writeHead(502).end(),
	);
	request.pipe(onward);
}

/**
 * A reverse proxy that serves `target` below `folder`, as many serve n8n.
 * @param answers what it answers by itself, if it does
 */
export async function startProxy(
	target: string,
	folder: string,
	answers?: (url: string, response: http.ServerResponse) => boolean,
) {
	const server = http.createServer((request, response) => {
		if (answers?.(request.url ?? '', response)) return;
		if (!request.url?.startsWith(`${folder}/`)) {
			response.writeHead(404).end();
			return;
		}
		forward(`${target}${request.url.slice(folder.length)}`, request, response);
	});
	const url = `${await listen(server)}${folder}`;
	return { url, stop: async () => await close(server) };
}
