import type { IDataObject, IExecuteFunctions, INode } from 'n8n-workflow';
import { readWaitSettings } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitSettings';

const node = { id: '1', name: 'AlloMia', type: 'n8n-nodes-allomia.alloMia', parameters: {} };

/** What is read where the user has set these parameters. */
const read = (parameters: IDataObject) =>
	readWaitSettings({
		getNode: () => node as unknown as INode,
		getNodeParameter: (name: string, _: number, fallback: unknown) =>
			name
				.split('.')
				.reduce<unknown>((value, key) => (value as IDataObject | undefined)?.[key], parameters) ??
			fallback,
	} as unknown as IExecuteFunctions);

/** What is said of them instead: the error's description. */
function refusalOf(parameters: IDataObject): string {
	try {
		read(parameters);
	} catch (error) {
		const { message, description } = error as Error & { description?: string };
		return `${message}\n${description}`;
	}
	return 'It is taken';
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

it('waits an hour, by what works, unless told otherwise', () => {
	expect(read({})).toEqual({
		waitFor: 'auto',
		maxWait: hour,
		pollInterval: 10_000,
		outputPerStatus: false,
	});
});

it('takes what is set', () => {
	const options = { pollInterval: 3600, outputPerStatus: true };
	expect(read({ waitFor: 'polling', maxWait: 1, maxWaitUnit: 'days', options })).toEqual({
		waitFor: 'polling',
		maxWait: day,
		pollInterval: hour,
		outputPerStatus: true,
	});
});

it.each([
	[0.001, 'minutes', 60],
	[90, 'minutes', 90 * minute],
	[1.5, 'hours', 1.5 * hour],
	['36', 'hours', 36 * hour],
	[30, 'days', 30 * day],
	[365, 'days', 365 * day],
	[8_760, 'hours', 365 * day],
])('waits for %p %s', (maxWait, maxWaitUnit, ms) => {
	expect(read({ maxWait, maxWaitUnit }).maxWait).toBe(ms);
});

it.each<[IDataObject, string]>([
	[{ maxWait: 0 }, 'Max Wait Time: It is 0.'],
	[{ maxWait: -1 }, 'Max Wait Time: It is -1.'],
	[{ maxWait: '' }, 'Max Wait Time: It is "".'],
	[{ maxWait: 'long' }, 'Max Wait Time: It is "long".'],
	[{ maxWait: true }, 'Max Wait Time: It is true.'],
	[{ maxWait: 365.1, maxWaitUnit: 'days' }, 'Max Wait Time: It is 365.1.'],
	[{ maxWait: 525_601, maxWaitUnit: 'minutes' }, 'Max Wait Time: It is 525601.'],
	[{ maxWait: Infinity }, 'Max Wait Time: It is'],
	[{ maxWaitUnit: 'weeks' }, 'Unit: Choose'],
	[{ maxWaitUnit: 'constructor' }, 'Unit: Choose'],
	[{ waitFor: 'both' }, 'Get Result By: Choose'],
	[{ options: { pollInterval: 0 } }, 'Poll Interval: It is 0.'],
	[{ options: { pollInterval: 3601 } }, 'Poll Interval: It is 3601.'],
	[{ options: { outputPerStatus: 'maybe' } }, 'Output per Status: It is'],
])('refuses %j before anybody is called', (parameters, says) => {
	const refusal = refusalOf(parameters);
	expect(refusal).toContain(says);
	expect(refusal).toContain('Nobody was called.');
});
