import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { connect, type Connection } from '../api/client';
import { CredentialError } from '../api/credential';
import type { Failure } from '../api/failure';
import { describeIssues, type ValidationIssue } from '../values/validation';

/** Converts an item's failure to n8n's error. It contains nothing of the request, and so no key. */
export function apiError(node: INode, failure: Failure, itemIndex: number): NodeApiError {
	const { message, description, httpCode } = failure;
	const response: JsonObject = { message, description };
	return new NodeApiError(node, response, {
		message,
		description,
		itemIndex,
		...(httpCode === undefined ? {} : { httpCode: String(httpCode) }),
	});
}

/** Converts an item's validation issues to n8n's error. */
export function validationError(
	node: INode,
	issues: readonly ValidationIssue[],
	itemIndex: number,
	consequence: string,
): NodeOperationError {
	return new NodeOperationError(node, describeIssues(issues), {
		itemIndex,
		description: consequence,
	});
}

/**
 * The output item of a failed one if On Error is set to continue: `error` is the error message, `message` its
 * description. By these two fields n8n recognizes failed items and routes them to the error output; with an
 * `error` property on the item itself, it would keep only that.
 * @param more left out with an error output, since n8n takes an item with further fields for a good one
 */
export function errorItem(
	error: NodeApiError | NodeOperationError,
	itemIndex: number,
	more: IDataObject = {},
): INodeExecutionData {
	const { message, description } = error;
	return {
		json: {
			error: message,
			...(description ? { message: description } : {}),
			...(error.node.onError === 'continueErrorOutput' ? {} : more),
		},
		pairedItem: { item: itemIndex },
	};
}

/**
 * Reads the credential.
 * @throws NodeOperationError if it is invalid
 */
export async function connectNode(context: IExecuteFunctions): Promise<Connection> {
	try {
		return await connect(context);
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		const [what, description] =
			error instanceof CredentialError
				? [message, 'Open the AlloMia credential and correct it. Nothing was sent.']
				: [
						`n8n could not read the AlloMia credential: ${message}`,
						'Nothing was sent in this attempt. Choose a credential in the node, or try again once n8n is healthy.',
					];
		throw new NodeOperationError(context.getNode(), what, { description });
	}
}
