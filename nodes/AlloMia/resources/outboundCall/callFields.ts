import type { INodeProperties } from 'n8n-workflow';
import { countries } from './countries';

/** The operations that dial. */
export const dialling = ['create', 'createAndWait'];

const show = { resource: ['outboundCall'], operation: dialling };

/** The fields of a call, shared by all operations that place one. */
export const callFields: INodeProperties[] = [
	{
		displayName:
			'Executing this step calls the people in your items. To try it out, add <b>Test Number</b> or <b>Dry Run</b> under Options.',
		name: 'callsNotice',
		type: 'notice',
		default: '',
		displayOptions: {
			show,
			hide: { '/options.dryRun': [true], '/options.testNumber': [{ _cnd: { exists: true } }] },
		},
	},
	{
		displayName: 'Phone Number to Call',
		name: 'phoneNumber',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. +15145551234',
		description:
			'The number to call, with country code (+15145551234). For local numbers, set Options &gt; Default Country.',
		displayOptions: { show },
	},
	{
		displayName: 'Assistant ID',
		name: 'assistantId',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. a1b2c3d4-e5f6-7890-abcd-123456789012',
		description:
			'ID of the AI assistant that talks. Find it in AlloMia on the assistant’s page, or paste the address of that page.',
		displayOptions: { show },
	},
	{
		displayName: 'Call From (Phone Number ID)',
		name: 'phoneNumberId',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. b2c3d4e5-f6a7-8901-bcde-234567890123',
		description: 'ID of the AlloMia number to call from. Find it in AlloMia under Phone Numbers.',
		displayOptions: { show },
	},
	{
		displayName: 'Customer Name',
		name: 'customerName',
		type: 'string',
		default: '',
		placeholder: 'e.g. John Doe',
		description: 'Name of the person to call',
		displayOptions: { show },
	},
	{
		displayName: 'Specify Dynamic Variables',
		name: 'specifyDynamicVariables',
		type: 'options',
		default: 'keyValue',
		options: [
			{ name: 'Using Fields Below', value: 'keyValue' },
			{ name: 'Using JSON', value: 'json' },
		],
		description: 'How to set the dynamic variables',
		displayOptions: { show },
	},
	{
		displayName: 'Dynamic Variables',
		name: 'dynamicVariables',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Variable' },
		default: {},
		placeholder: 'Add Variable',
		description:
			'Values used in the assistant’s prompt, e.g. the appointment time. Dates are sent as ISO 8601.',
		options: [
			{
				displayName: 'Variable',
				name: 'variable',
				values: [
					{
						displayName: 'Name',
						name: 'name',
						type: 'string',
						default: '',
						placeholder: 'e.g. appointmentSlot',
						description: 'Name of the variable in the assistant’s prompt',
					},
					{
						displayName: 'Value',
						name: 'value',
						type: 'string',
						default: '',
						placeholder: 'e.g. 2026-04-01T10:00:00Z',
						description: 'What the assistant knows or says. An empty text is sent as it is.',
					},
				],
			},
		],
		displayOptions: { show: { ...show, specifyDynamicVariables: ['keyValue'] } },
	},
	{
		displayName: 'Dynamic Variables (JSON)',
		name: 'dynamicVariablesJson',
		type: 'json',
		default: '{}',
		placeholder: 'e.g. { "practitioner": "Dr. Smith" }',
		description: 'An object with the names and values of the variables in the assistant’s prompt',
		displayOptions: { show: { ...show, specifyDynamicVariables: ['json'] } },
	},
];

const metadataOption: INodeProperties = {
	displayName: 'Metadata',
	name: 'metadata',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Entry' },
	default: {},
	placeholder: 'Add Entry',
	description:
		'Your own values, e.g. a row number or appointment ID. They are returned with the result, and the assistant does not see them.',
	options: [
		{
			displayName: 'Entry',
			name: 'entry',
			values: [
				{
					displayName: 'Name',
					name: 'name',
					type: 'string',
					default: '',
					placeholder: 'e.g. recordId',
				},
				{
					displayName: 'Value',
					name: 'value',
					type: 'string',
					default: '',
					placeholder: 'e.g. 12345',
				},
			],
		},
	],
};

/** Options in the order of their display names, as the editor's lists have it. */
export const callOptions: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Call Once Per',
			name: 'onceKey',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.appointmentId }}',
			description:
				'A value that identifies the reason for the call, e.g. the appointment ID. If this node has already called for it, also in an earlier execution, the item is skipped and returned with alreadyCalled: true. A copy of the workflow does not know what this one has called.',
		},
		{
			displayName: 'Calling Hours',
			name: 'callingHours',
			type: 'options',
			default: 'canada',
			options: [
				{
					name: 'Canada',
					value: 'canada',
					description:
						'Weekdays 9:00 to 21:30, Saturday and Sunday 10:00 to 18:00, under the CRTC’s Unsolicited Telecommunications Rules',
				},
				{
					name: 'Custom',
					value: 'custom',
					description: 'The times in Calling Windows',
				},
				{
					name: 'United States',
					value: 'unitedStates',
					description:
						'Every day 8:00 to 21:00, under the FTC’s Telemarketing Sales Rule and the TCPA',
				},
			],
			description:
				'When people may be called, by the clock where they are. Items outside of these hours are not called: they go to an output of their own, Outside Hours, with the time when they may be. Check the connections behind this node when you add it. The rules named are those for telemarketing; this is no legal advice.',
		},
		{
			displayName: 'Calling Windows',
			name: 'callingWindows',
			type: 'fixedCollection',
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Window' },
			default: {},
			placeholder: 'Add Window',
			description:
				'The times of the week when people may be called, with Calling Hours set to Custom',
			options: [
				{
					displayName: 'Window',
					name: 'window',
					values: [
						{
							displayName: 'Days',
							name: 'days',
							type: 'multiOptions',
							default: ['mon', 'tue', 'wed', 'thu', 'fri'],
							options: [
								{ name: 'Friday', value: 'fri' },
								{ name: 'Monday', value: 'mon' },
								{ name: 'Saturday', value: 'sat' },
								{ name: 'Sunday', value: 'sun' },
								{ name: 'Thursday', value: 'thu' },
								{ name: 'Tuesday', value: 'tue' },
								{ name: 'Wednesday', value: 'wed' },
							],
							description: 'The days on which the window begins',
						},
						{
							displayName: 'From',
							name: 'from',
							type: 'string',
							default: '09:00',
							placeholder: 'e.g. 09:00',
							description: 'When it begins, by the 24-hour clock',
						},
						{
							displayName: 'To',
							name: 'to',
							type: 'string',
							default: '20:00',
							placeholder: 'e.g. 20:00',
							description:
								'When it is over, by the 24-hour clock. A time before From is on the next day; 24:00 is the end of the day.',
						},
					],
				},
			],
			displayOptions: { show: { callingHours: ['custom'] } },
		},
		{
			displayName: 'Default Country',
			name: 'defaultCountry',
			type: 'options',
			default: 'CA',
			options: Object.entries(countries).map(([value, name]) => ({ name, value })),
			description:
				'Country of numbers without a country code. With Canada, (514) 555-1234 becomes +15145551234. Expressions give its two letters, such as CA.',
		},
		{
			displayName: 'Dry Run',
			name: 'dryRun',
			type: 'boolean',
			// Whoever adds it would otherwise call real people until the switch is found.
			default: true,
			description:
				'Whether to validate all items and return the requests instead of calling. The nodes that follow still run.',
		},
		{
			displayName: 'Max Calls at Once',
			name: 'maxInProgress',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 1000 },
			default: 5,
			description:
				'How many calls of this execution may be in progress at the same time. The next one is placed when one has ended.',
		},
		{
			displayName: 'Max Parallel Requests',
			name: 'maxConcurrency',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 100 },
			default: 10,
			description:
				'How many calls to start in parallel. Does not limit how many phones ring at once: use Max Calls at Once for that.',
		},
		metadataOption,
		{
			displayName: 'Output per Status',
			name: 'outputPerStatus',
			type: 'boolean',
			default: false,
			description:
				'Whether to use a separate output for each result. Call Once Per, Calling Hours and Dry Run then add further ones: check the connections behind this node when you add them.',
			displayOptions: { show: { '/operation': ['createAndWait'] } },
		},
		{
			displayName: 'Poll Interval',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 10,
			description:
				'Seconds between two status checks of a call. For Max Calls at Once, and where results are polled.',
		},
		{
			displayName: 'Retry Unconfirmed Calls',
			name: 'redialOnUncertain',
			type: 'boolean',
			default: false,
			description:
				'Whether to call again if AlloMia did not confirm the call, e.g. after a timeout. The person may be called twice.',
		},
		{
			displayName: 'Sign Webhook URL',
			name: 'signCallbackUrl',
			type: 'boolean',
			default: false,
			description:
				'Whether to sign the URL, so that the AlloMia Trigger in another workflow accepts the result together with your metadata',
			displayOptions: { show: { '/operation': ['create'], '/callback': ['url'] } },
		},
		{
			displayName: 'Test Number',
			name: 'testNumber',
			type: 'string',
			default: '',
			placeholder: 'e.g. +15145551234',
			description:
				'Your own number. In runs from the editor, it is called instead of the people in your items: for the first 5 items, one after the other. The nodes that follow still act on those people. Published runs ignore it, but n8n agents run their tools as if from the editor: remove it there.',
		},
		{
			displayName: 'Time Zone',
			name: 'timeZone',
			type: 'string',
			default: '',
			placeholder: 'e.g. America/Toronto',
			description:
				'Where the person called is, as an IANA name, for Calling Hours. Leave empty to use the time zones of the phone number: the call must be within the hours in all of them.',
			displayOptions: { show: { callingHours: ['canada', 'custom', 'unitedStates'] } },
		},
		{
			displayName: 'Timeout',
			name: 'timeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 30000,
			description: 'Time in milliseconds to wait for AlloMia to confirm the call',
		},
	],
	displayOptions: { show },
};
