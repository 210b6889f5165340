import net from 'node:net';
import tls from 'node:tls';
import { toNetworkError } from '../../../../nodes/shared/api/networkError';
import { close, listen } from '../../../simulator';

const withCode = (code: string, message = code, more: object = {}) =>
	Object.assign(new Error(message), { code, ...more });

/** As n8n throws it. */
const wrapped = (cause: unknown) =>
	Object.assign(new Error('n8n'), { cause: Object.assign(new Error('axios'), { cause }) });

/** As some n8n 1.x throw it, which lose what they wrap. */
const reduced = (code: string, message: string) =>
	Object.assign(new Error('n8n'), { httpCode: code, messages: [message, message] });

describe('an error of which n8n keeps only texts', () => {
	it.each<[string, string, boolean]>([
		['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', true],
		['ETIMEDOUT', 'connect ETIMEDOUT 192.0.2.1:443', true],
		[
			'ECONNRESET',
			'Client network socket disconnected before secure TLS connection was established',
			true,
		],
		[
			'EPROTO',
			'write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:',
			true,
		],
		['ENOTFOUND', 'getaddrinfo ENOTFOUND nobody.invalid', false],
		['ECONNABORTED', 'timeout of 500ms exceeded', false],
		['ECONNRESET', 'socket hang up', false],
		['ETIMEDOUT', 'read ETIMEDOUT', false],
		['EPROTO', 'read EPROTO: decryption failed or bad record mac', false],
	])('%s: %s', (code, message, isBeforeRequest) => {
		expect(toNetworkError(reduced(code, message))).toMatchObject({
			code,
			message: 'n8n',
			isBeforeRequest,
		});
	});

	it('has no code where there was an answer', () => {
		const answered = Object.assign(new Error('n8n'), {
			httpCode: '502',
			messages: ['502 - "connect"'],
		});
		expect(toNetworkError(answered)).toMatchObject({ code: undefined, isBeforeRequest: false });
	});
});

describe('a request that was surely not sent', () => {
	it.each([
		['a time-out while connecting', withCode('ETIMEDOUT', 'connect', { syscall: 'connect' })],
		[
			'the same for each of several addresses',
			Object.assign(new AggregateError([withCode('ETIMEDOUT', 'x', { syscall: 'connect' })]), {
				code: 'ETIMEDOUT',
			}),
		],
		['another protocol', withCode('EPROTO', 'write EPROTO ssl3_get_record:wrong version number')],
		['no common cipher', withCode('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')],
		['what is not TLS', withCode('ERR_SSL_WRONG_VERSION_NUMBER')],
	])('%s', (_, error) => {
		expect(toNetworkError(wrapped(error))).toMatchObject({
			code: error.code,
			isBeforeRequest: true,
		});
	});

	it('a connection that ends before it is secure', async () => {
		const server = net.createServer((socket) => socket.once('data', () => socket.end()));
		const { port } = new URL(await listen(server));
		const error = await new Promise((resolve) => {
			tls.connect({ port: Number(port), host: '127.0.0.1' }).once('error', resolve);
		});
		await close(server);
		expect(toNetworkError(wrapped(error))).toMatchObject({
			code: 'ECONNRESET',
			isBeforeRequest: true,
		});
	});
});

describe('a request that may have been sent', () => {
	it.each<[string, string?, object?]>([
		['ECONNRESET', 'read ECONNRESET', { syscall: 'read' }],
		['ETIMEDOUT', 'read ETIMEDOUT', { syscall: 'read' }],
		['ECONNABORTED', 'timeout of 30000ms exceeded'],
		['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
		['ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
		['ERR_SSL_BAD_RECORD_TYPE'],
		['ERR_SSL_INVALID_AAD'],
		['ERR_SSL_PACKET_LENGTH_TOO_LONG'],
		['ERR_SSL_CIPHER_OPERATION_FAILED'],
		['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'],
		['EPROTO', 'read EPROTO: decryption failed or bad record mac'],
	])('%s', (code, message = code, more = {}) => {
		expect(toNetworkError(wrapped(withCode(code, message, more)))).toMatchObject({
			code,
			message: 'n8n',
			isBeforeRequest: false,
		});
	});

	it.each([[undefined], [null], ['text'], [new Error('x')]])('%p', (error) => {
		expect(toNetworkError(error).isBeforeRequest).toBe(false);
	});

	it('an error that holds itself', () => {
		const error = withCode('ECONNRESET');
		Object.assign(error, { cause: error });
		expect(toNetworkError(error).code).toBe('ECONNRESET');
	});
});
