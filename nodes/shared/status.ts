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
