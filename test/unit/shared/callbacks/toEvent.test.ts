import type { Failure } from '../../../../nodes/shared/api/failure';
import type { StatusResponse } from '../../../../nodes/shared/api/schemas';
import { responses } from '../../../../nodes/shared/callbacks/responses';
import { toEvent } from '../../../../nodes/shared/callbacks/retrieveEvent';

const outboundCallId = 'c3d4e5f6-a7b8-9012-cdef-345678901234';
const event = {
	outboundCallId,
	contactId: 'd4e5f6a7-b8c9-0123-defa-456789012345',
	status: 'completed',
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
};

describe('AlloMia’s own word about an unsigned callback', () => {
	const answer = event as unknown as StatusResponse;
	const failed = (kind: Failure['kind'], httpCode?: number, said?: string) => ({
		ok: false as const,
		failure: { kind, message: '', description: '', ...(httpCode ? { httpCode } : {}), said },
	});

	it('is what goes out', () => {
		expect(toEvent({ ok: true, value: answer }, outboundCallId)).toEqual({ event });
		expect(toEvent({ ok: true, value: answer }, outboundCallId.toUpperCase())).toEqual({ event });
	});

	it('proves nothing where it is about another call', () => {
		expect(toEvent({ ok: true, value: answer }, outboundCallId.replace('c', 'd'))).toEqual({
			answer: responses.unavailable,
		});
	});

	it('unmasks an invented call', () => {
		const asked = failed('refused', 404, 'Outbound call not found');
		expect(toEvent(asked, outboundCallId)).toEqual({ answer: responses.unverified });
	});

	it.each([
		['a wrong key', failed('refused', 401)],
		['the page of a gateway', failed('refused', 404)],
		['another sentence', failed('refused', 404, 'Organization not found')],
		['the sentence with another status', failed('refused', 400, 'Outbound call not found')],
		['a refusal', failed('refused', 403)],
		['too many requests', failed('notTaken', 429)],
		['a broken AlloMia', failed('uncertain', 500)],
		['no answer', failed('uncertain')],
		['no connection', failed('notTaken')],
	])('was not to be had (%s): the sender may come again, and nothing is lost', (_, asked) => {
		expect(toEvent(asked, outboundCallId)).toEqual({ answer: responses.unavailable });
	});
});
