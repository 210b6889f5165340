import type {
	DialResult,
	Items,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/dialResults';
import { resultHints } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/resultHints';

const callbackUrl = 'https://n8n.example.com/webhook/allomia/w1';

const item = (itemIndex: number, more: object = {}, body: object = {}) => ({
	itemIndex,
	ok: true,
	value: { body: { phoneNumber: '+15145551234', ...body }, ...more },
});

const placed = { ok: true, value: { outboundCallId: 'c' } };
const failed = (kind: string) => ({ ok: false, failure: { kind, message: '', description: '' } });
const outside = (callAt: string) => ({ callAt });

function hints(items: object[], outcomes: unknown[], isFollowed = false, isTest = false) {
	const results = outcomes.map((outcome, itemIndex) => ({ itemIndex, outcome }));
	return resultHints(items as unknown as Items, results as DialResult[], {
		isFollowed,
		isTest,
	}).map(({ type, message }) => `${type}: ${message}`);
}

const four = [0, 1, 2, 3].map((index) => item(index, {}, { callbackUrl }));

it('nothing is said where all calls were placed, and their results arrive', () => {
	expect(hints(four, [placed, placed, placed, placed])).toEqual([]);
});

it.each<[string, unknown[], string]>([
	[
		'are outside of the calling hours',
		[outside('2026-12-01T09:30:00-05:00'), placed, outside('2026-12-01T14:00:00+01:00'), placed],
		'warning: 2 of 4 items were not called: outside of their calling hours. The first may be called from 2026-12-01 14:00 (UTC+01:00).',
	],
	[
		'were called before',
		['alreadyCalled', placed, placed, placed],
		'info: 1 of 4 items was not called: Call Once Per has called for the same value before.',
	],
	[
		'are unconfirmed',
		[failed('uncertain'), failed('refused'), placed, 'skipped'],
		'warning: 1 of 4 items was not confirmed: AlloMia may have placed the call. Look in its call log before you call again.',
	],
])('those are counted that %s', (_, outcomes, hint) => {
	expect(hints(four, outcomes)).toEqual([hint]);
});

it.each([
	['nobody was called', { itemIndex: 1, ok: false, issues: [] }, [], 'nobody was called'],
	['who was not called', four[1], [placed], '1 of 2 items was not called'],
])('a dry run says %s', (_, other, outcomes, said) => {
	const items = [item(0, { dryRun: true }), other as object];
	expect(hints(items, outcomes)).toEqual([
		`info: Dry Run: ${said}. The output shows what would be sent.`,
	]);
});

it('a time in UTC is one', () => {
	expect(hints([four[0] ?? {}], [outside('2026-12-01T09:00:00Z')])[0]).toContain(
		'from 2026-12-01 09:00 (UTC).',
	);
});

describe('that a test concerns other people', () => {
	it('is said, waiting or not', () => {
		const said = [expect.stringContaining('The nodes that follow still act on those people')];
		expect(hints(four, [placed], false, true)).toEqual(said);
		expect(hints(four, [placed], true, true)).toEqual(said);
	});

	it('is not said where nobody was called', () => {
		expect(hints(four, [failed('refused')], false, true)).toEqual([]);
	});
});

describe('that nobody learns how calls end', () => {
	const said = expect.stringContaining('Send Result To is set to Nowhere') as string;

	it('is said where they are placed without a callback', () => {
		expect(hints([item(0)], [placed])).toEqual([said]);
	});

	it.each<[string, object[], unknown[], boolean]>([
		['the node waits', [item(0)], [placed], true],
		['some have a callback', [item(0), ...four.slice(1)], [placed, placed], false],
		['none was placed', [item(0)], [failed('refused')], false],
	])('is not said where %s', (_, items, outcomes, isFollowed) => {
		expect(hints(items, outcomes, isFollowed)).toEqual([]);
	});
});
