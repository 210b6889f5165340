import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { downloadField, shown } from './fields';

const show = { resource: ['call'], operation: ['get'] };

export const get: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get a call',
	description: 'Get everything about one call: its summary, outcome, transcript and recording',
	fields: [
		{
			displayName: 'Call ID',
			name: 'callId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. 70000000-0000-4000-8000-000000000001',
			description:
				'The ID of the call in AlloMia’s call log, as Get Many gives it out. It is not the ID of an outbound call.',
			displayOptions: { show },
		},
		shown(downloadField, show),
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { hintMissing, readCallParameters } = await import('./parameters');
		const { addFiles, toOutput } = await import('./files');
		const { readCall } = await import('../../../shared/callLog');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) => readCallParameters(this, itemIndex));
		refuseUnlessContinuing(this, items, 'Nothing was looked up.');
		const missing: string[] = [];
		const output = await perItem(this, items, async ({ callId, download }) => {
			const call = await readCall(this, connection, callId);
			if (!call.ok) return call;
			const files = await addFiles(this, connection, call.value, download);
			return files.ok ? { ok: true, value: [toOutput(files.value, missing)] } : files;
		});
		hintMissing(this, missing);
		return [output];
	},
};
