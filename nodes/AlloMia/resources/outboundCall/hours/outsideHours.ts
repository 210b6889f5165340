import { DateTime } from 'luxon';
import type { Failure } from '../../../../shared/api/failure';
import { nextWithinHours, type CallingHours } from './callingHours';

/** Why somebody is not called now. */
export interface OutsideHours {
	/** When the person may be called next, as ISO 8601 with offset. */
	callAt: string;
}

/**
 * Whether it is outside of the hours of the person called, and until when.
 * @param workflowZone the time zone to write the time in, unless the person's is known
 * @returns undefined within the hours, a failure if there are none within a week
 */
export function findOutsideHours(
	hours: CallingHours,
	phoneNumber: string,
	workflowZone: string,
	now: number,
): OutsideHours | Failure | undefined {
	const opening = nextWithinHours(hours, now);
	if (opening === now) return undefined;
	if (opening !== undefined) return { callAt: formatCallAt(opening, hours, workflowZone) };
	return {
		kind: 'refused',
		message: neverWithinHours(phoneNumber, hours),
		description: 'Nobody was called for this item.',
	};
}

/** What an AI agent is told, whose tool has no output for items outside of the hours. */
export function outsideHoursFailure(phoneNumber: string, { callAt }: OutsideHours): Failure {
	return {
		kind: 'refused',
		message: `${phoneNumber} may not be called now: it is outside of the calling hours until ${callAt}`,
		description: 'Nobody was called. Try again then.',
	};
}

/** The message about somebody who may not be called within a week. */
export function neverWithinHours(phoneNumber: string, { zones }: CallingHours): string {
	return zones.length === 1
		? `There is no time within a week when ${phoneNumber} may be called (${zones[0]}). Change Options > Calling Windows.`
		: `There is no time within a week that is within the hours of all ${zones.length} time zones that ${phoneNumber} may be in. Set Options > Time Zone.`;
}

function formatCallAt(instant: number, { zones }: CallingHours, workflowZone: string): string {
	const zone = zones.length === 1 ? zones[0] : workflowZone;
	const text = DateTime.fromMillis(instant, { zone }).toISO({ suppressMilliseconds: true });
	return text ?? new Date(instant).toISOString();
}
