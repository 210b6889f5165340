import {
	NodeApiError,
	NodeOperationError,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { connect, type Connection } from '../api/client';
import { CredentialError } from '../api/credential';
import type { Failure } from '../api/failure';
import { describeIssues, type ValidationIssue } from '../values/validation';

/** One item's failure as n8n shows it. Nothing of the request is kept in it, so no key either. */
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

/** One item's refused fields as n8n shows them. */
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
 * The item that stands for a failed one where the node is set to continue: `error` says what went
 * wrong, `message` what it means and what to do. By these two names n8n knows it as a failed item
 * and sorts it into the error output where there is one; with an error object beside them, it would
 * keep nothing but `error`.
 */
export function errorItem(
	error: NodeApiError | NodeOperationError,
	itemIndex: number,
): INodeExecutionData {
	const { message, description } = error;
	return {
		json: { error: message, ...(description ? { message: description } : {}) },
		pairedItem: { item: itemIndex },
	};
}

/** An error of the run as a whole, as one failed item for each item that came in. */
export function errorItems(context: IExecuteFunctions, error: unknown): INodeExecutionData[] {
	const ours = error instanceof NodeApiError || error instanceof NodeOperationError;
	const shown = ours
		? error
		: new NodeOperationError(context.getNode(), error instanceof Error ? error : String(error));
	return context.getInputData().map((_, itemIndex) => errorItem(shown, itemIndex));
}

/** The credential, with what is wrong with it as an error of the node. */
export async function connectNode(context: IExecuteFunctions): Promise<Connection> {
	try {
		return await connect(context);
	} catch (error) {
		const ours = error instanceof CredentialError;
		throw new NodeOperationError(
			context.getNode(),
			error instanceof Error ? error : String(error),
			ours ? { description: 'Open the AlloMia credential and correct it. Nothing was sent.' } : {},
		);
	}
}
