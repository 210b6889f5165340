import {
	contextParameter,
	maxUrlLength,
	isSigned,
	readContext,
	signatureParameter,
	signCallbackUrl,
	verificationKey,
	verifyContext,
	type CallbackContext,
} from '../../../../nodes/shared/callbacks/signedUrl';

const apiKey = 'key-of-an-organization';
const ownKey = verificationKey(apiKey);
const address = 'https://n8n.example.com/webhook/3f0c/webhook';
const context: CallbackContext = { workflowId: 'w1', executionId: '17', itemIndex: 3 };

/** What a webhook sees of a URL: its path, and its query as n8n parses it. */
function arrive(url: string) {
	const { pathname, searchParams } = new URL(url);
	const query: Record<string, unknown> = {};
	for (const name of new Set(searchParams.keys())) {
		const values = searchParams.getAll(name);
		query[name] = values.length === 1 ? values[0] : values;
	}
	return { path: pathname, query };
}

const { path, query } = arrive(signCallbackUrl(address, context, apiKey));
const verify = (change: Record<string, unknown>, to = path, key = apiKey) =>
	verifyContext({ ...query, ...change }, to, verificationKey(key));

describe('a signed callback URL', () => {
	it.each<[string, CallbackContext]>([
		['an item', context],
		['the first item', { ...context, itemIndex: 0 }],
		['an item with metadata', { ...context, metadata: { id: 7, tags: ['é', '日本', '😀'] } }],
		['an item with odd metadata', { ...context, metadata: { '': null, 'a&b=c#d?': '+ %20' } }],
		['an execution without ids', { workflowId: '', executionId: '', itemIndex: 0 }],
	])('brings back %s', (_, given) => {
		const arrived = arrive(signCallbackUrl(address, given, apiKey));
		expect(verifyContext(arrived.query, arrived.path, ownKey)).toEqual(given);
	});

	it.each([
		['no query', address, '?'],
		['a query', `${address}?team=7&team=8`, '&'],
		['an empty query', `${address}?`, ''],
		['a query that ends in &', `${address}?a=b&`, ''],
	])('keeps %s as it was', (_, url, separator) => {
		const signed = signCallbackUrl(url, context, apiKey);
		expect(signed.startsWith(`${url}${separator}${contextParameter}=`)).toBe(true);
		const arrived = arrive(signed);
		expect(verifyContext(arrived.query, arrived.path, ownKey)).toEqual(context);
	});

	it.each(['#part', '#', '#a?b=c', '#a#b'])('keeps the fragment %s at its end', (fragment) => {
		const signed = signCallbackUrl(`${address}?a=b${fragment}`, context, apiKey);
		expect(signed.startsWith(`${address}?a=b&${contextParameter}=`)).toBe(true);
		expect(signed.endsWith(fragment)).toBe(true);
		const arrived = arrive(signed);
		expect(verifyContext(arrived.query, arrived.path, ownKey)).toEqual(context);
	});

	it('never shows the key, nor anything that it could be found by', () => {
		const signed = signCallbackUrl(address, { ...context, metadata: { a: 'b' } }, apiKey);
		expect(signed).not.toContain(apiKey);
		expect(decodeURIComponent(signed)).not.toContain(apiKey);
		const encoded = new URL(signed).searchParams.get(contextParameter) ?? '';
		expect(Buffer.from(encoded, 'base64url').toString()).not.toContain(apiKey);
	});

	it('stays short, so that servers on its way let it through', () => {
		const signed = signCallbackUrl(address, context, apiKey);
		expect(signed.length - address.length).toBeLessThan(150);
		expect(signed.length).toBeLessThan(maxUrlLength);
	});

	it('needs no encoding: nothing on its way may change it', () => {
		const metadata = { text: '?&=+/ #é'.repeat(5) };
		const { search } = new URL(signCallbackUrl(address, { ...context, metadata }, apiKey));
		expect(search).toMatch(/^\?[\w=&-]+$/);
	});
});

describe('a signature is worth nothing', () => {
	const other = arrive(signCallbackUrl(address, { ...context, itemIndex: 4 }, apiKey));
	const signature = String(query[signatureParameter]);

	it.each<[string, Record<string, unknown>]>([
		['for another item', { [contextParameter]: other.query[contextParameter] }],
		['with one character changed', { [signatureParameter]: `${signature.slice(0, -1)}_` }],
		['cut short', { [signatureParameter]: signature.slice(0, -1) }],
		['made longer', { [signatureParameter]: `${signature}A` }],
		['in other letters', { [signatureParameter]: signature.toUpperCase() }],
		['when empty', { [signatureParameter]: '' }],
		['when missing', { [signatureParameter]: undefined }],
		['with its context missing', { [contextParameter]: undefined }],
		['with an empty context', { [contextParameter]: '' }],
		['given twice', { [signatureParameter]: [signature, signature] }],
		['with a context given twice', { [contextParameter]: [query[contextParameter], 'x'] }],
		['as an object', { [signatureParameter]: { 0: signature } }],
		['in characters of more than one byte', { [signatureParameter]: 'é'.repeat(signature.length) }],
	])('%s', (_, change) => expect(verify(change)).toBeUndefined());

	it('made with another key', () => {
		expect(verify({}, path, 'another-key')).toBeUndefined();
		expect(verify({}, path, '')).toBeUndefined();
	});

	it.each(['/webhook/ffff/webhook', '/webhook/3f0c/other', '/webhook-waiting/17', '/', ''])(
		'at another webhook: %j',
		(to) => expect(verify({}, to)).toBeUndefined(),
	);

	it.each([
		['a path that only ends the same', '/webhook/clinic/east/out', '/webhook/shop/east/out'],
		['a path that is longer', '/webhook/east/out', '/webhook/clinic/east/out'],
		['a trigger whose path is an execution’s number', '/webhook-waiting/17', '/webhook/17'],
		['another where n8n’s own are renamed', '/hooks/east/out', '/hooks/west/out'],
	])('at %s', (_, from, to) => {
		const signed = arrive(signCallbackUrl(`https://n8n.example.com${from}`, context, apiKey));
		expect(verifyContext(signed.query, from, ownKey)).toEqual(context);
		expect(verifyContext(signed.query, to, ownKey)).toBeUndefined();
	});

	it('with a context that is hidden in a query of the URL’s own', () => {
		const forged = `${address}?${contextParameter}=${String(other.query[contextParameter])}`;
		const arrived = arrive(signCallbackUrl(forged, context, apiKey));
		expect(verifyContext(arrived.query, arrived.path, ownKey)).toBeUndefined();
	});
});

it('a URL claims to be signed where it carries both parts', () => {
	expect(isSigned(query)).toBe(true);
	expect(isSigned({ [contextParameter]: 'x' })).toBe(false);
	expect(isSigned({ [signatureParameter]: 'x' })).toBe(false);
	expect(isSigned({})).toBe(false);
});

describe('a signature stays good', () => {
	it.each([
		'/webhook/3f0c/webhook',
		'/n8n/webhook/3f0c/webhook',
		'/webhook-test/3f0c/webhook',
		'/webhook/3f0c/webhook/',
	])('behind a proxy that hands on %s', (to) => expect(verify({}, to)).toEqual(context));

	it.each([
		['/n8n/webhook/clinic/webhook/out', '/webhook/clinic/webhook/out'],
		['/n8n/hooks/allomia/w1', '/hooks/allomia/w1'],
		['/n8n/webhook-waiting/17', '/webhook-waiting/17'],
		['/webhook/webhook/allomia/w1', '/webhook/allomia/w1'],
		['/webhook/n8n/webhook/allomia/w1', '/webhook/allomia/w1'],
		['/webhook/webhook-waiting/17/allomia', '/webhook-waiting/17/allomia'],
		['/webhook/webhook/webhook', '/webhook/webhook'],
	])('signed for %s, received at %s', (from, to) => {
		const signed = arrive(signCallbackUrl(`https://n8n.example.com${from}`, context, apiKey));
		expect(verifyContext(signed.query, to, ownKey)).toEqual(context);
	});

	it('with more in the query than was signed', () => {
		expect(verify({ utm: 'x', signature: 'n8n’s own' })).toEqual(context);
	});
});

it('a signature of an earlier version is good: calls may be under way when n8n is updated', () => {
	const signed =
		'https://n8n.example.com/webhook/3f0c/webhook?alloMiaContext=WyJ3MSIsIjE3IiwzLHsiYSI6MX1d&alloMiaSignature=Mfvetpu-KHKJtHeq6rGzYTrogbRqkxE60wpaCqwLQoQ';
	expect(signCallbackUrl(address, { ...context, metadata: { a: 1 } }, apiKey)).toBe(signed);
});

describe('a context that nobody signed', () => {
	const encode = (value: unknown) => ({
		[contextParameter]: Buffer.from(JSON.stringify(value)).toString('base64url'),
	});

	it('is read where no check is asked for', () => {
		expect(readContext(encode(['w', 'e', 0, { a: 1 }]))).toEqual({
			workflowId: 'w',
			executionId: 'e',
			itemIndex: 0,
			metadata: { a: 1 },
		});
	});

	it.each<[string, Record<string, unknown>]>([
		['nothing', {}],
		['no JSON', { [contextParameter]: 'AAAA' }],
		['an object', encode({ workflowId: 'w' })],
		['too few fields', encode(['w', 'e'])],
		['mistyped ids', encode([1, 2, 0])],
		['a broken index', encode(['w', 'e', 0.5])],
		['a negative index', encode(['w', 'e', -1])],
		['null as metadata', encode(['w', 'e', 0, null])],
		['a list as metadata', encode(['w', 'e', 0, []])],
		['text as metadata', encode(['w', 'e', 0, 'a'])],
		['a mistyped workflow', encode([1, 'e', 0])],
		['a mistyped execution', encode(['w', 2, 0])],
		['an index that is none', encode(['w', 'e', '0'])],
		['nothing that is JSON', { [contextParameter]: '' }],
		['two of it', { [contextParameter]: ['a', 'b'] }],
		['a list of one', { [contextParameter]: [encode(['w', 'e', 0])[contextParameter]] }],
	])('is none where it is %s', (_, given) => expect(readContext(given)).toBeUndefined());
});
