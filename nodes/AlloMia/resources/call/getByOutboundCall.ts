import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator } from '../organization/locator';
import { downloadField } from './fields';

const show = { resource: ['call'], operation: ['getByOutboundCall'] };

export const getByOutboundCall: Operation = {
	value: 'getByOutboundCall',
	name: 'Get by Outbound Call',
	action: 'Get the call behind an outcome',
	description: 'Get what was said in a call that you placed: its summary, transcript and recording',
	fields: [
		{
			displayName: 'Outbound Call ID',
			name: 'outboundCallId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. c3d4e5f6-a7b8-9012-cdef-345678901234',
			description:
				'The outboundCallId of the outcome, as the AlloMia Trigger and Create and Wait give it out',
			displayOptions: { show },
		},
		organizationLocator('The organization that placed the call', show),
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				downloadField,
				{
					displayName: 'Phone Number',
					name: 'phoneNumber',
					type: 'string',
					default: '',
					placeholder: 'e.g. {{ $json.metadata.phone }}',
					description:
						'The number that was called. AlloMia’s log does not name the outbound call, so the call is found by its time: with the number, calls of the same moment are told apart.',
				},
				{
					displayName: 'Wait Up To',
					name: 'waitUpTo',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 3600 },
					default: 60,
					description: 'How many seconds to wait for AlloMia to log the call',
				},
			],
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { hintMissing, readOutboundParameters } = await import('./parameters');
		const { addFiles, toOutput } = await import('./files');
		const { readCallBehind } = await import('../../../shared/readCallBehind');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const started = Date.now();
		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) => readOutboundParameters(this, itemIndex));
		refuseUnlessContinuing(this, items, 'Nothing was looked up.');
		const missing: string[] = [];
		const output = await perItem(this, items, async ({ wanted, waitUpTo, download }, signal) => {
			const until = started + waitUpTo * 1000;
			const call = await readCallBehind(this, connection, wanted, until, signal);
			if (!call?.ok) return call;
			const files = await addFiles(this, connection, call.value, download);
			return files.ok ? { ok: true, value: [toOutput(files.value, missing)] } : files;
		});
		hintMissing(this, missing);
		return [output];
	},
};
