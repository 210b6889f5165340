/** An error of a request that got no response. */
export interface NetworkError {
	/** Node's or OpenSSL's code, such as ECONNRESET. */
	code?: string;
	message: string;
	/** Whether there was no connection yet, so that the request was not sent. */
	isBeforeRequest: boolean;
	/** Whether there was a connection, so that the request may have been sent, whatever the code. */
	isConnected: boolean;
}

/** How many nested errors are examined. */
const maxErrors = 20;

/** Node's messages for connections that could not be established. */
const beforeRequest = /^connect E[A-Z]+ |before secure TLS connection was established/;

/** Node's messages for established connections. */
const afterConnecting = /^(read|write) E[A-Z]+/;

/** OpenSSL's messages for failed handshakes. Its other errors can occur after the request, too. */
const handshakeFailed =
	/handshake.failure|wrong.version.number|protocol.version|unsupported.protocol|no.protocols.available|unrecognized.name|no.(shared.cipher|ciphers.available|application.protocol)|insufficient.security/i;

/**
 * Extracts what is known of a network error. n8n wraps the HTTP client's errors, and Node those of several
 * addresses. Some n8n 1.x keep only the messages, in `messages`, and the code, as `httpCode`.
 */
export function toNetworkError(error: unknown): NetworkError {
	const all: object[] = [];
	const open = [error];
	for (let next = open.shift(); next !== undefined && all.length < maxErrors; next = open.shift()) {
		if (typeof next !== 'object' || next === null || all.includes(next)) continue;
		all.push(next);
		if ('cause' in next) open.push(next.cause);
		if ('errors' in next && Array.isArray(next.errors)) open.push(...(next.errors as unknown[]));
	}
	const texts = (name: string) =>
		all
			.flatMap((it) => (it as Record<string, unknown>)[name])
			.filter((value) => typeof value === 'string');
	const codes = [...texts('code'), ...texts('httpCode').filter((it) => /^[A-Z]/.test(it))];
	const messages = [...texts('message'), ...texts('messages')];
	const isTls = (code: string) => code === 'EPROTO' || code.startsWith('ERR_SSL_');
	const syscalls = texts('syscall');
	return {
		code: codes[0],
		message: error instanceof Error ? error.message : String(error),
		isBeforeRequest:
			syscalls.includes('connect') ||
			messages.some((it) => beforeRequest.test(it)) ||
			(codes.some(isTls) && [...codes, ...messages].some((it) => handshakeFailed.test(it))),
		isConnected:
			syscalls.some((it) => it === 'read' || it === 'write') ||
			messages.some((it) => afterConnecting.test(it)),
	};
}
