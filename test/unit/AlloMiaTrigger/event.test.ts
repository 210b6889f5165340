import { isChosen, toOutput } from '../../../nodes/AlloMiaTrigger/event';
import { terminalStatuses } from '../../../nodes/shared/api/terminalStatus';
import { documentedStatus as event } from '../../documented';

describe('a workflow starts for', () => {
	it.each(terminalStatuses)('%s where it was chosen, and only there', (status) => {
		expect(isChosen(status, terminalStatuses)).toBe(true);
		expect(
			isChosen(
				status,
				terminalStatuses.filter((it) => it !== status),
			),
		).toBe(false);
		expect(isChosen(status, [])).toBe(false);
	});

	it.each(['calling', 'voicemail', '', 'Completed', 'no_answer', 'constructor'])(
		'nothing else: %j',
		(status) => expect(isChosen(status, [...terminalStatuses, status])).toBe(false),
	);
});

describe('what goes out', () => {
	const source = { workflowId: 'w', executionId: '7', itemIndex: 0 };

	it('is the event itself where the URL carried nothing', () => {
		expect(toOutput(event, undefined)).toEqual(event);
	});

	it('says where it came from, and brings back the metadata', () => {
		expect(toOutput(event, source)).toEqual({ ...event, source });
		expect(toOutput(event, { ...source, metadata: { id: 7 } })).toEqual({
			...event,
			metadata: { id: 7 },
			source,
		});
	});

	it('cannot be given another source by its sender', () => {
		const forged = { ...event, source: { workflowId: 'other' } };
		expect(toOutput(forged, source).source).toEqual(source);
	});
});
