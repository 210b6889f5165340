import { foreignTenantId, ids, timezones } from './constants';
import { timestamp } from './timers';
import type { CallRecord, Organization, StoredOrganization } from './types';

const cities = ['Montréal', 'Québec', 'Laval', 'Gatineau', 'Sherbrooke', 'Toronto', 'Ottawa'];
const practices = ['Clinique', 'Dental Centre', 'Physio', 'Optometry', 'Family Practice'];

function pick<T>(list: readonly T[], index: number): T {
	return list[index % list.length] as T;
}

/** A readable ID: a prefix and a number. */
function numbered(prefix: string, index: number): string {
	return `${prefix}-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function organization(id: string, name: string, index: number): Organization {
	return {
		id,
		name,
		email: `office${index}@clinic.example`,
		address: `${100 + index} Rue Principale`,
		city: pick(cities, index),
		stateProvince: 'QC',
		postalCode: 'H2X 1Y4',
		country: 'Canada',
		phoneNumber: `+15145550${String(100 + index)}`,
		tenantId: ids.tenantId,
		timezone: pick(timezones, index + 7),
		createdAt: timestamp(Date.UTC(2025, 0, 1 + index)),
		createdBy: numbered('40000000', 1),
	};
}

function stored(shown: Organization, active = true): StoredOrganization {
	return { shown, active, metadataVersion: 0 };
}

/** The tenant's 25 organizations, and one of another tenant. */
export function seedOrganizations(): StoredOrganization[] {
	const named = [
		stored(organization(ids.organizationId, 'Main Street Clinic', 1)),
		stored(organization(ids.otherOrganizationId, 'Other Clinic', 2)),
		stored(organization(ids.inactiveOrganizationId, 'Closed Clinic', 3), false),
	];
	const more = Array.from({ length: 22 }, (_, n) => {
		const index = n + 4;
		const name = `${pick(practices, index)} ${pick(cities, index)} ${index}`;
		return stored(organization(numbered('20000000', index), name, index));
	});
	const foreign = organization(ids.foreignOrganizationId, 'Foreign Clinic', 99);
	return [...named, ...more, stored({ ...foreign, tenantId: foreignTenantId })];
}

/** Assistants and AlloMia numbers, with the organization each belongs to. */
export function seedPhones() {
	return {
		assistants: new Map([
			[ids.assistantId, ids.organizationId],
			[ids.otherAssistantId, ids.otherOrganizationId],
			[ids.inactiveAssistantId, ids.inactiveOrganizationId],
		]),
		numbers: new Map([
			[ids.phoneNumberId, ids.organizationId],
			[ids.otherPhoneNumberId, ids.otherOrganizationId],
			[ids.inactivePhoneNumberId, ids.inactiveOrganizationId],
		]),
	};
}

const agents = ['Reception', 'Reminder', 'Réception de nuit', 'Recall'];
const intents = ['book_appointment', 'confirm_appointment', 'cancel_appointment', 'opening_hours'];
const outcomes = ['appointment_confirmed', 'voicemail_left', 'appointment_cancelled', null];
const sentiments = ['positive', 'neutral', 'negative', null];
const hour = 60 * 60 * 1000;

/** Teams are there, null, or missing altogether. */
function team(index: number): Pick<CallRecord, 'teamId' | 'teamName'> {
	if (index % 11 === 0) return {};
	if (index % 5 === 0) return { teamId: null, teamName: null };
	const number = (index % 3) + 1;
	return { teamId: numbered('60000000', number), teamName: `Team ${number}` };
}

/** Most links are signed on request; some are null or missing. */
function links(index: number): Pick<CallRecord, 'transcriptUrl' | 'recordingUrl'> {
	if (index % 10 === 0) return { transcriptUrl: null, recordingUrl: null };
	if (index % 13 === 0) return { transcriptUrl: undefined, recordingUrl: undefined };
	return {};
}

function call(index: number, organizationId: string, prefix: string): CallRecord {
	const start = Date.UTC(2025, 2, 3, 13) + index * 5 * hour;
	const seconds = 15 + ((index * 37) % 400);
	const callType = pick(['Inbound', 'Outbound', 'Web'] as const, index);
	const web = callType === 'Web';
	return {
		id: numbered(prefix, index),
		organizationId,
		callType,
		agentId: numbered('50000000', (index % agents.length) + 1),
		agentName: pick(agents, index),
		...team(index),
		phoneNumber: web ? null : '+15145550101',
		callStartedAt: timestamp(start),
		callEndedAt: timestamp(start + seconds * 1000),
		callDurationSeconds: String(seconds),
		userPhoneNumber: web ? null : `+1438555${String(1000 + index)}`,
		createdAt: timestamp(start + seconds * 1000 + 2000),
		callEndedReason: index % 4 === 0 ? 'assistant-ended-call' : 'customer-ended-call',
		userName: index % 6 === 0 ? null : `Caller ${index}`,
		userPrimaryIntent: pick(intents, index),
		userSentiment: pick(sentiments, index),
		callOutcome: pick(outcomes, index),
		callSummary: `Caller ${index} spoke with the assistant.`,
		callSummaryFr: `L’appelant ${index} a parlé avec l’assistant.`,
		...links(index),
	};
}

/** The call log at the start: 120 calls of the main organization, 3 of the other one. */
export function seedCalls(): CallRecord[] {
	const list = (length: number, organizationId: string, prefix: string) =>
		Array.from({ length }, (_, index) => call(index + 1, organizationId, prefix));
	return [
		...list(120, ids.organizationId, '70000000'),
		...list(3, ids.otherOrganizationId, '71000000'),
	];
}
