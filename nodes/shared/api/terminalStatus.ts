/** The statuses of calls that have ended, in the order of the nodes' outputs. */
export const terminalStatuses = ['completed', 'no-answer', 'busy', 'failed'] as const;

export type TerminalStatus = (typeof terminalStatuses)[number];

/** The display names of the statuses. */
export const statusLabels: Record<TerminalStatus, string> = {
	completed: 'Completed',
	'no-answer': 'No Answer',
	busy: 'Busy',
	failed: 'Failed',
};

/** Whether a call with this status has ended. */
export function isTerminal(status: string): status is TerminalStatus {
	return (terminalStatuses as readonly string[]).includes(status);
}

/** The index of the output Failed with Output per Status. Items that could not be called go there as well. */
export const failedOutput = terminalStatuses.indexOf('failed');
