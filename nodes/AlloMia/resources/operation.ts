import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';

/** An operation: how the editor shows it, and what it does. */
export interface Operation {
	value: string;
	name: string;
	/** The action in the node creator. */
	action: string;
	/** The text below the node on the canvas, if the action is too long for it. */
	subtitle?: string;
	description: string;
	fields: INodeProperties[];
	execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]>;
	/** The index of the output for failed items; by default the first. */
	errorOutput?(this: IExecuteFunctions): Promise<number>;
	/** What a failed item says besides its error. */
	readFailedItem?(this: IExecuteFunctions, itemIndex: number): Promise<IDataObject>;
}

/** A resource with its operations. */
export interface Resource {
	value: string;
	name: string;
	/** The first is the default. */
	operations: [Operation, ...Operation[]];
}

/** All resources; the first is the default. */
export type Resources = [Resource, ...Resource[]];

/** Builds the node's properties from its resources. */
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
		...resources.flatMap(({ operations }) => merge(operations.map(({ fields }) => fields))),
	];
}

/** Merges the fields of operations, which may share some: each once, and in the order of every operation. */
function merge(lists: INodeProperties[][]): INodeProperties[] {
	const merged: INodeProperties[] = [];
	for (const fields of lists) {
		let at = 0;
		for (const field of fields) {
			const found = merged.indexOf(field);
			if (found < 0) merged.splice(at, 0, field);
			at = (found < 0 ? at : found) + 1;
		}
	}
	return merged;
}

/** The expression for the text below the node on the canvas: its action, as in the node creator, or shorter. */
export function subtitleOf(resources: Resources): string {
	const actions = resources.flatMap(({ value, operations }) =>
		operations.map((operation) => [
			`${value}/${operation.value}`,
			operation.subtitle ?? operation.action,
		]),
	);
	const texts = JSON.stringify(Object.fromEntries(actions));
	return `={{ (${texts})[$parameter["resource"] + "/" + $parameter["operation"]] }}`;
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

/** Finds an operation by the values of the fields Resource and Operation. */
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
