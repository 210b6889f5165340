import type { IExecuteFunctions } from 'n8n-workflow';

/** The address of this execution under n8n's public address of today. */
export function resumeUrl(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}
