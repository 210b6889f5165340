import http from 'node:http';
import https from 'node:https';

/** The result of a POST: a response or an error. */
export interface Sent {
	status?: number;
	responseBody?: string;
	error?: string;
}

/** How much of a receiver's response is kept. */
const keptBytes = 64 * 1024;

// Idle connections are closed after a second, before receivers close them, so that no callback is sent on a
// connection that is just being closed.
const agentOptions = { keepAlive: true, maxSockets: 256, timeout: 1000 };

/** Posts JSON: once, with a time limit, without following redirects. */
export class CallbackSender {
	private readonly agents = {
		'http:': new http.Agent(agentOptions),
		'https:': new https.Agent(agentOptions),
	};
	private readonly running = new Set<http.ClientRequest>();

	constructor(private readonly timeoutMs: number) {}

	/** Never rejects: an invalid URL is a result like any other error. */
	async send(target: string, body: string): Promise<Sent> {
		try {
			return await this.post(new URL(target), body);
		} catch (error) {
			return { error: String(error) };
		}
	}

	/** Aborts requests in progress. */
	cancel(): void {
		this.running.forEach((request) => request.destroy(new Error('The simulator was reset')));
	}

	/** Closes all connections. */
	close(): void {
		this.cancel();
		this.agents['http:'].destroy();
		this.agents['https:'].destroy();
	}

	private post(url: URL, body: string): Promise<Sent> {
		const secure = url.protocol === 'https:';
		return new Promise((resolve) => {
			let timer: NodeJS.Timeout | undefined;
			const done = (sent: Sent) => {
				clearTimeout(timer);
				this.running.delete(request);
				resolve(sent);
			};
			const request = (secure ? https : http).request(url, {
				method: 'POST',
				agent: this.agents[secure ? 'https:' : 'http:'],
				headers: {
					'content-type': 'application/json',
					'content-length': Buffer.byteLength(body),
					'user-agent': 'allomia-simulator',
				},
			});
			this.running.add(request);
			request.on('error', (error) => done({ error: error.message || String(error) }));
			// Starts with the connection: waiting for a free one is not up to the receiver.
			request.on('socket', () => {
				timer = setTimeout(
					() => request.destroy(new Error(`No answer within ${this.timeoutMs} ms`)),
					this.timeoutMs,
				);
				timer.unref();
			});
			request.on('response', (response) => {
				readText(response).then(
					(responseBody) => done({ status: response.statusCode, responseBody }),
					(error: Error) => done({ error: error.message }),
				);
			});
			request.end(body);
		});
	}
}

async function readText(response: http.IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		if (size < keptBytes) chunks.push(chunk);
		size += chunk.length;
	}
	return Buffer.concat(chunks).subarray(0, keptBytes).toString();
}
