import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';

/** One operation: how the editor shows it, and what it does. */
export interface Operation {
	value: string;
	name: string;
	/** A sentence for the node creator. */
	action: string;
	description: string;
	fields: INodeProperties[];
	execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]>;
	/** Where failed items go, as the output's index; the first unless it says otherwise. */
	errorOutput?(this: IExecuteFunctions): Promise<number>;
}

/** Operations that belong together. */
export interface Resource {
	value: string;
	name: string;
	/** The first is the one that the editor starts with. */
	operations: [Operation, ...Operation[]];
}

/** All resources; the first is the one that the editor starts with. */
export type Resources = [Resource, ...Resource[]];

/** The properties of the editor's panel, from the resources. */
export function toProperties(resources: Resources): INodeProperties[] {
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'options',
			noDataExpression: true,
			default: firstOf(resources),
			options: resources.map(({ name, value }) => ({ name, value })),
		},
		...resources.map(toOperationProperty),
		// Operations share fields: each goes in once.
		...new Set(resources.flatMap(({ operations }) => operations.flatMap(({ fields }) => fields))),
	];
}

function toOperationProperty({ value, operations }: Resource): INodeProperties {
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: firstOf(operations),
		options: operations.map((operation) => ({
			name: operation.name,
			value: operation.value,
			action: operation.action,
			description: operation.description,
		})),
		displayOptions: { show: { resource: [value] } },
	};
}

/** The operation that the node's parameters name. */
export function findOperation(
	resources: Resource[],
	resource: string,
	operation: string,
): Operation | undefined {
	return resources
		.find(({ value }) => value === resource)
		?.operations.find(({ value }) => value === operation);
}

function firstOf([first]: [{ value: string }, ...unknown[]]): string {
	return first.value;
}
