import type { INodeProperties } from 'n8n-workflow';

/** The field Download. */
export const downloadField: INodeProperties = {
	displayName: 'Download',
	name: 'download',
	type: 'multiOptions',
	default: [],
	options: [
		{
			name: 'Recording',
			value: 'recording',
			description: 'The audio of the call, as binary data named “recording”',
		},
		{
			name: 'Transcript',
			value: 'transcript',
			description: 'What was said, as a text file in binary data named “transcript”',
		},
	],
	description:
		'Files to add to the output. AlloMia’s links to them stop working after an hour; downloaded files stay.',
};

/** The option Max File Size. */
export const maxFileSizeField: INodeProperties = {
	displayName: 'Max File Size',
	name: 'maxFileSize',
	type: 'number',
	typeOptions: { minValue: 0.001, maxValue: 10_000, numberPrecision: 3 },
	default: 500,
	description: 'How large a downloaded file may be, in MB. A larger one is an error.',
};
