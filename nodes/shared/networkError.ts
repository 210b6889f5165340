/** Why a request got no answer. */
export interface NetworkError {
	/** Node's or OpenSSL's code, such as ECONNRESET. */
	code?: string;
	message: string;
	/** Whether there was no connection yet that the request could have been sent on. */
	isBeforeRequest: boolean;
}

/** How many errors within one another are looked at. */
const most = 20;

/** What OpenSSL says of two that do not come to an agreement. Others may come after the request, too. */
const noAgreement =
	/handshake.failure|wrong.version.number|protocol.version|unsupported.protocol|no.protocols.available|unrecognized.name|no.(shared.cipher|ciphers.available|application.protocol)|insufficient.security/i;

/** n8n wraps what the HTTP client throws, and Node what it met on the way to several addresses. */
export function networkErrorOf(error: unknown): NetworkError {
	const all: object[] = [];
	const open = [error];
	for (let next = open.shift(); next !== undefined && all.length < most; next = open.shift()) {
		if (typeof next !== 'object' || next === null || all.includes(next)) continue;
		all.push(next);
		if ('cause' in next) open.push(next.cause);
		if ('errors' in next && Array.isArray(next.errors)) open.push(...(next.errors as unknown[]));
	}
	const texts = (name: string) =>
		all.flatMap((it) => {
			const value = (it as Record<string, unknown>)[name];
			return typeof value === 'string' ? [value] : [];
		});
	const codes = texts('code');
	const isTls = (code: string) => code === 'EPROTO' || code.startsWith('ERR_SSL_');
	return {
		code: codes[0],
		message: error instanceof Error ? error.message : String(error),
		isBeforeRequest:
			texts('syscall').includes('connect') ||
			texts('message').some((it) => it.includes('before secure TLS connection was established')) ||
			(codes.some(isTls) && [...codes, ...texts('message')].some((it) => noAgreement.test(it))),
	};
}
