import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

/** The parts that all nodes here have in common. */
const describe = (name: string, description: Partial<INodeTypeDescription>) => ({
	displayName: name,
	name,
	group: ['transform' as const],
	version: 1,
	description: 'For tests',
	defaults: { name },
	inputs: [NodeConnectionTypes.Main],
	outputs: [NodeConnectionTypes.Main],
	properties: [],
	...description,
});

/** Starts an execution with its pinned items. */
export class Start implements INodeType {
	description: INodeTypeDescription = describe('start', { group: ['trigger'], inputs: [] });

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	}
}

/** Hands its items on. */
export class Pass implements INodeType {
	description: INodeTypeDescription = describe('pass', {});

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	}
}

/** Gives out, for each item, what its parameter `value` says for it. */
export class Value implements INodeType {
	description: INodeTypeDescription = describe('value', {
		properties: [{ displayName: 'Value', name: 'value', type: 'string', default: '' }],
	});

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const items = this.getInputData().map((_, item) => ({
			json: { value: this.getNodeParameter('value', item) },
			pairedItem: { item },
		}));
		return [items as INodeExecutionData[]];
	}
}
