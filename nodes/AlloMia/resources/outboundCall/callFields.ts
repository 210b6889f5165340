import type { INodeProperties } from 'n8n-workflow';

/** The operations that dial. */
export const dialling = ['create', 'createAndWait'];

const show = { resource: ['outboundCall'], operation: dialling };

/** The fields of a call, shared by all operations that place one. */
export const callFields: INodeProperties[] = [
	{
		displayName: 'Phone Number',
		name: 'phoneNumber',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. +15145551234',
		description:
			'Whom to call. With the country code (E.164) it is never misread; for numbers without one, set Options &gt; Default Country.',
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
			'The AI assistant that speaks. You find its ID in AlloMia, on the assistant’s page.',
		displayOptions: { show },
	},
	{
		displayName: 'Phone Number ID',
		name: 'phoneNumberId',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. b2c3d4e5-f6a7-8901-bcde-234567890123',
		description:
			'The AlloMia number to call from, by its ID (not the number itself). You find it in AlloMia, with your phone numbers.',
		displayOptions: { show },
	},
	{
		displayName: 'Customer Name',
		name: 'customerName',
		type: 'string',
		default: '',
		placeholder: 'e.g. John Doe',
		description: 'The name of the person called, which the assistant may use',
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
		description: 'How to give the assistant the facts of this call, such as a time or a name',
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
			'Facts that the assistant’s prompt refers to by name. Dates are sent as ISO 8601, lists and objects as JSON.',
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
						description: 'As it stands in the assistant’s prompt',
					},
					{
						displayName: 'Value',
						name: 'value',
						type: 'string',
						default: '',
						placeholder: 'e.g. 2026-04-01T10:00:00Z',
						description:
							'What the assistant says or knows. A variable without a value is left out.',
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
		description: 'An object of names and values that the assistant’s prompt refers to',
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
		'Your own data, such as the ID of a CRM record. It is not sent to AlloMia as a field; it comes back with the outcome.',
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
				'What the call is for. Nobody is called again for the same value, also in later executions: the item then goes on with alreadyCalled: true.',
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
						'Weekdays 9:00 to 21:30, Saturday and Sunday 10:00 to 18:00, as the CRTC’s Unsolicited Telecommunications Rules have it',
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
						'Every day 8:00 to 21:00, as the FTC’s Telemarketing Sales Rule and the TCPA have it',
				},
			],
			description:
				'When people may be called, by the clock where they are. Items outside of these hours are not called; they leave by the output Outside Hours with the time to call at. The rules named are those for telemarketing; this is no legal advice.',
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
			type: 'string',
			default: '',
			placeholder: 'e.g. CA',
			description:
				'The country of numbers without a country code, by its two letters (ISO 3166-1). With CA, (514) 555-1234 becomes +15145551234.',
		},
		{
			displayName: 'Dry Run',
			name: 'dryRun',
			type: 'boolean',
			default: false,
			description:
				'Whether to check every item and show what would be sent, without calling anybody',
		},
		{
			displayName: 'Max Calls at Once',
			name: 'maxInProgress',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 1000 },
			default: 5,
			description:
				'How many calls of this execution may be in progress at the same time. The next is placed when one has ended; the execution keeps running until then.',
		},
		{
			displayName: 'Max Concurrency',
			name: 'maxConcurrency',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 100 },
			default: 10,
			description: 'How many calls are handed to AlloMia at the same time',
		},
		metadataOption,
		{
			displayName: 'Output per Status',
			name: 'outputPerStatus',
			type: 'boolean',
			default: false,
			description: 'Whether each outcome gets an output of its own, and timed out calls too',
			displayOptions: { show: { '/operation': ['createAndWait'] } },
		},
		{
			displayName: 'Poll Interval',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 10,
			description:
				'How long to wait between two looks at a call, in seconds. For Max Calls at Once, and for Wait For set to Polling.',
		},
		{
			displayName: 'Redial on Uncertain',
			name: 'redialOnUncertain',
			type: 'boolean',
			default: false,
			description:
				'Whether to call again where nobody knows if the call was placed (a time-out, a broken connection). A person may then be called twice.',
		},
		{
			displayName: 'Sign Callback URL',
			name: 'signCallbackUrl',
			type: 'boolean',
			default: false,
			description:
				'Whether to add this item’s context and a signature to the callback URL. For the URL of an AlloMia Trigger in another workflow.',
			displayOptions: { show: { '/operation': ['create'], '/callback': ['url'] } },
		},
		{
			displayName: 'Time Zone',
			name: 'timeZone',
			type: 'string',
			default: '',
			placeholder: 'e.g. America/Toronto',
			description:
				'Where the person called is, as an IANA name, for Calling Hours. Empty: found by the phone number, which must be within the hours in all time zones that it may be in.',
			displayOptions: { show: { callingHours: ['canada', 'custom', 'unitedStates'] } },
		},
		{
			displayName: 'Timeout',
			name: 'timeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 30000,
			description:
				'How long to wait for AlloMia to take a call, in milliseconds. Beyond it, nobody knows whether the call was placed.',
		},
	],
	displayOptions: { show },
};
