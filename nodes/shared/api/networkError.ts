/** Why a request got no answer. */
export interface NetworkError {
	/** Node's or OpenSSL's code, such as ECONNRESET. */
	code?: string;
	message: string;
	/** Whether there was no connection yet that the request could have been sent on. */
	isBeforeRequest: boolean;
	/** Whether there was one, so that the request may have been sent, whatever the code. */
	isConnected: boolean;
}

/** How many errors within one another are looked at. */
const most = 20;

/** What Node says of a connection that does not come about. */
const beforeRequest = /^connect E[A-Z]+ |before secure TLS connection was established/;

/** What Node says of one that had come about. */
const afterConnecting = /^(read|write) E[A-Z]+/;

/** What OpenSSL says of two that do not come to an agreement. Others may come after the request, too. */
const noAgreement =
	/handshake.failure|wrong.version.number|protocol.version|unsupported.protocol|no.protocols.available|unrecognized.name|no.(shared.cipher|ciphers.available|application.protocol)|insufficient.security/i;

/**
 * n8n wraps what the HTTP client throws, and Node what it met on the way to several addresses. Some n8n 1.x
 * keep of the former no more than its texts in `messages`, and its code as `httpCode`.
 */
export function toNetworkError(error: unknown): NetworkError {
	const all: object[] = [];
	const open = [error];
	for (let next = open.shift(); next !== undefined && all.length < most; next = open.shift()) {
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
			(codes.some(isTls) && [...codes, ...messages].some((it) => noAgreement.test(it))),
		isConnected:
			syscalls.some((it) => it === 'read' || it === 'write') ||
			messages.some((it) => afterConnecting.test(it)),
	};
}
