import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';

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
		{
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
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { hintMissing, readCallParameters } = await import('./parameters');
		const { readCallWithFiles } = await import('./files');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) => readCallParameters(this, itemIndex));
		refuseUnlessContinuing(this, items, 'Nothing was looked up.');
		const missing: string[] = [];
		const output = await perItem(this, items, async ({ callId, download }) => {
			const result = await readCallWithFiles(this, connection, callId, download);
			if (!result.ok) return result;
			const { call, binary, missing: kinds } = result.value;
			missing.push(...kinds.map((kind) => `${kind} of ${callId}`));
			const hasFiles = Object.keys(binary).length > 0;
			return { ok: true, value: [{ json: call, ...(hasFiles ? { binary } : {}) }] };
		});
		hintMissing(this, missing);
		return [output];
	},
};
