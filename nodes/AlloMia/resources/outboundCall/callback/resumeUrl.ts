import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * The last segment of a waiting execution's callback URLs. Without it, a late or duplicate callback could resume
 * another node of the workflow that waits for a request.
 */
export const outcomePath = 'allomia';

/** The URL of this execution, below n8n's current public URL. */
export function resumeUrl(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/** The callback URL of an execution. */
export function outcomeUrl(executionUrl: string): string {
	const url = new URL(executionUrl);
	url.pathname = `${url.pathname.replace(/\/$/, '')}/${outcomePath}`;
	return url.href;
}
