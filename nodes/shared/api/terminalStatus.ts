/** The statuses in which a call has ended, in the order in which outputs are shown. */
export const terminalStatuses = ['completed', 'no-answer', 'busy', 'failed'] as const;

export type TerminalStatus = (typeof terminalStatuses)[number];

/** The statuses' names for people. */
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

/** The output of failed calls, where each status has its own; an item that could not be called too. */
export const failedOutput = terminalStatuses.indexOf('failed');
