import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** The collection Options of an item, with its expressions resolved. */
export function readOptions(context: IExecuteFunctions, itemIndex: number): IDataObject {
	return context.getNodeParameter('options', itemIndex, {}) as IDataObject;
}
