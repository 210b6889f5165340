import { hoursReader } from '../../../../../../nodes/AlloMia/resources/outboundCall/hours/readHours';
import type { ValidationIssue } from '../../../../../../nodes/shared/values/validation';

const toronto = '+15145551234';
const tollFree = '+18005551234';

function read(options: Record<string, unknown>, number = toronto) {
	const issues: ValidationIssue[] = [];
	const hours = hoursReader('Europe/Berlin')(
		{ callingHours: 'canada', ...options },
		number,
		issues,
	);
	return { hours, issues: issues.map(({ field, message }) => `${field}: ${message}`) };
}

const custom = (...window: unknown[]) => ({ callingHours: 'custom', callingWindows: { window } });
const good = { days: ['mon', 'sun'], from: '9:00', to: '24:00' };

describe('the time zone of a person', () => {
	it.each([
		['that of the number', {}, toronto, ['America/Toronto']],
		['what the option says', { timeZone: ' America/Vancouver ' }, toronto, ['America/Vancouver']],
		[
			'that of the number, where the option is empty',
			{ timeZone: '' },
			toronto,
			['America/Toronto'],
		],
		['the same where it is missing', { timeZone: undefined }, toronto, ['America/Toronto']],
		['the workflow’s, where the number has none', {}, '+80012345678', ['Europe/Berlin']],
		['what the option says of a toll-free number', { timeZone: 'UTC' }, tollFree, ['UTC']],
	])('is %s', (_, options, number, zones) => {
		const { hours, issues } = read(options, number);
		expect([hours?.zones, issues]).toEqual([zones, []]);
	});

	it('is one of many, for a toll-free number', () => {
		expect(read({}, tollFree).hours?.zones.length).toBeGreaterThan(10);
	});
});

describe('windows', () => {
	it('are read as days and minutes', () => {
		expect(
			read(custom(good, { days: ['fri'], from: '22:00', to: '02:30' })).hours?.windows,
		).toEqual([
			{ days: [0, 6], from: 540, to: 1440 },
			{ days: [4], from: 1320, to: 150 },
		]);
	});

	it('are shared by the items that have the same ones', () => {
		const reader = hoursReader('UTC');
		const one = reader(custom(good), toronto, []);
		expect(reader(custom({ ...good }), '+15145559999', [])).toBe(one);
		expect(reader(custom(good), '+16045559999', [])).not.toBe(one);
	});
});

describe('what cannot be read is refused by name: nobody is called at any time instead', () => {
	const time = 'Use a time of the 24-hour clock, such as 09:00 or 21:30.';
	const hours = 'Choose Canada (canada), United States (unitedStates) or Custom (custom).';
	const none = 'Calling Windows: There are none. Add at least one, with its days, From and To.';
	it.each<[string, Record<string, unknown>, string]>([
		['no such hours', { callingHours: 'europe' }, `Calling Hours: It is "europe". ${hours}`],
		['no hours', { callingHours: '' }, `Calling Hours: It is "". ${hours}`],
		[
			'hours that an expression lost',
			{ callingHours: undefined },
			`Calling Hours: It is undefined. ${hours}`,
		],
		[
			'a name that all objects have',
			{ callingHours: 'constructor' },
			`Calling Hours: It is "constructor". ${hours}`,
		],
		['no windows', { callingHours: 'custom' }, none],
		['an empty list of windows', custom(), none],
		['windows in another form', { callingHours: 'custom', callingWindows: 'always' }, none],
		[
			'a window without days',
			custom(good, { ...good, days: [] }),
			'Calling Windows: Window 2: Choose at least one day (mon to sun).',
		],
		[
			'a day that there is not',
			custom({ ...good, days: ['Monday'] }),
			'Calling Windows: Window 1: Choose at least one day (mon to sun).',
		],
		[
			'no beginning',
			custom({ ...good, from: '' }),
			`Calling Windows: Window 1: From is empty. ${time}`,
		],
		[
			'no time',
			custom({ ...good, from: '9am' }),
			`Calling Windows: Window 1: From is "9am". ${time}`,
		],
		[
			'no end',
			custom({ ...good, to: undefined }),
			`Calling Windows: Window 1: To is empty. ${time}`,
		],
		[
			'a minute that there is not',
			custom({ ...good, to: '10:60' }),
			`Calling Windows: Window 1: To is "10:60". ${time}`,
		],
		[
			'an hour that there is not',
			custom({ ...good, to: '24:01' }),
			`Calling Windows: Window 1: To is "24:01". ${time}`,
		],
		[
			'a beginning at the end of the day',
			custom({ ...good, from: '24:00', to: '10:00' }),
			`Calling Windows: Window 1: From is "24:00". ${time}`,
		],
		[
			'a window of no length',
			custom({ ...good, to: '09:00' }),
			'Calling Windows: Window 1: From and To are the same. For the whole day, use 00:00 and 24:00.',
		],
		[
			'no such zone',
			{ timeZone: 'Montreal' },
			'Time Zone: "Montreal" is not a time zone. Use an IANA name, such as America/Toronto.',
		],
		[
			'an offset',
			{ timeZone: '-05:00' },
			'Time Zone: "-05:00" is not a time zone. Use an IANA name, such as America/Toronto.',
		],
		[
			'a zone in another form',
			{ timeZone: { name: 'UTC' } },
			'Time Zone: It is an object. Use text.',
		],
	])('%s', (_, options, issue) => {
		expect(read(options)).toEqual({ hours: undefined, issues: [issue] });
	});

	it('a zone of the workflow that there is not', () => {
		const issues: ValidationIssue[] = [];
		hoursReader('DEFAULT')({ callingHours: 'canada' }, '+80012345678', issues);
		expect(issues).toEqual([
			{
				field: 'Time Zone',
				message: '+80012345678 may be in DEFAULT, a time zone that this n8n does not know. Set it.',
			},
		]);
	});

	it('hours that never come', () => {
		const morning = custom({ ...good, to: '10:00' });
		expect(read(morning, tollFree).issues).toEqual([
			expect.stringMatching(
				/^Calling Hours: There is no time within a week that is within the hours of all \d+ time zones that \+18005551234 may be in\. Set Options > Time Zone\.$/,
			),
		]);
	});
});
