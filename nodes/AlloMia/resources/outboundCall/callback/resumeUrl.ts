import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * The last segment of the address that a waiting execution's callbacks come to. Without one of our
 * own, a callback that comes late or twice could resume another node that waits for a request.
 */
export const outcomePath = 'allomia';

/** The address of this execution under n8n's public address of today. */
export function resumeUrl(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/** Where outcomes come to, at an execution's address. */
export function outcomeUrl(executionUrl: string): string {
	const url = new URL(executionUrl);
	url.pathname = `${url.pathname.replace(/\/$/, '')}/${outcomePath}`;
	return url.href;
}
