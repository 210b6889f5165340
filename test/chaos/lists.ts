import type { Connections, CredentialReference, WorkflowNode } from '../../scripts/lib/workflows';
import { alloMia, alloMiaTrigger, connect, node } from '../e2e/support/nodes';

/** A workflow that lists are posted to. */
export interface Kind {
	name: string;
	/** How often each list is posted; what is posted twice has keys. */
	deliveries: number;
	/** How many people a list has at most, and how often there is one against other kinds. */
	most?: number;
	weight?: number;
	/** How many of its calls may be in progress at a time. */
	atOnce?: number;
	/** Whether some people may not be called now. */
	hasHours?: boolean;
	/** Whether the node waits for results. */
	waits?: boolean;
	nodes(credential: CredentialReference): [WorkflowNode[], Connections];
}

/** What is posted of a person. */
export interface Row {
	phone: string;
	/** The days on which they may be called, for lists with calling hours. */
	days: string[];
}

const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Whether somebody may not be called today, anywhere, in a list with calling hours. */
export const isClosed = (index: number) => index % 4 === 3;

/** On which days somebody may be called. */
export function daysOf(index: number): string[] {
	const dayAfterTomorrow = (new Date().getUTCDay() + 1) % 7;
	return isClosed(index) ? [week[dayAfterTomorrow] as string] : week;
}

const calling = (
	credential: CredentialReference,
	{ options, ...parameters }: Record<string, unknown>,
) =>
	alloMia(
		credential,
		{
			phoneNumber: '={{ $json.phone }}',
			options: { timeout: 5_000, ...(options as object) },
			...parameters,
		},
		{ onError: 'continueRegularOutput' },
	);

/** Lets executions be killed after the calls. */
const pause = () => node('n8n-nodes-base.wait', 1.1, 'Wait', { amount: 2, unit: 'seconds' });

const waiting = { operation: 'createAndWait', waitFor: 'callback' };
const oneMinute = { maxWait: 1, maxWaitUnit: 'minutes' };
const key = { onceKey: '={{ $json.phone }}' };
/** Tells whose a result is. */
const whose = { metadata: { entry: [{ name: 'phone', value: '={{ $json.phone }}' }] } };

export const kinds: Kind[] = [
	{
		name: 'Create, results at the trigger',
		deliveries: 1,
		nodes: (credential) => [
			[
				calling(credential, {
					callback: 'trigger',
					options: whose,
				}),
				pause(),
				alloMiaTrigger(credential),
			],
			connect('AlloMia', 'Wait'),
		],
	},
	{
		name: 'Create with Call Once Per, posted twice',
		deliveries: 2,
		nodes: (credential) => [
			[
				calling(credential, { callback: 'trigger', options: { ...whose, ...key } }),
				alloMiaTrigger(credential),
			],
			{},
		],
	},
	{
		name: 'Create and Wait',
		waits: true,
		deliveries: 1,
		nodes: (credential) => [
			[calling(credential, { ...waiting, ...oneMinute, options: whose }), pause()],
			connect('AlloMia', 'Wait'),
		],
	},
	{
		name: 'Create and Wait with Call Once Per and outputs, posted twice',
		waits: true,
		deliveries: 2,
		nodes: (credential) => [
			[
				calling(credential, {
					...waiting,
					...oneMinute,
					options: { ...whose, ...key, outputPerStatus: true },
				}),
			],
			{},
		],
	},
	{
		name: 'Create and Wait by polling',
		waits: true,
		deliveries: 1,
		nodes: (credential) => [
			[
				calling(credential, {
					...waiting,
					...oneMinute,
					waitFor: 'polling',
					options: { pollInterval: 1 },
				}),
			],
			{},
		],
	},
	{
		name: 'Create, five calls at once',
		atOnce: 5,
		deliveries: 1,
		// A retry after a kill calls nobody for two minutes, and is likely to be killed again: they would pile up.
		most: 15,
		weight: 0.5,
		nodes: (credential) => [
			[calling(credential, { options: { maxInProgress: 5, pollInterval: 1 } })],
			{},
		],
	},
	{
		name: 'Create in calling hours',
		hasHours: true,
		deliveries: 1,
		nodes: (credential) => [
			[
				calling(credential, {
					options: {
						callingHours: 'custom',
						callingWindows: {
							window: [{ days: '={{ $json.days }}', from: '00:00', to: '24:00' }],
						},
						timeZone: 'UTC',
					},
				}),
			],
			{},
		],
	},
];
