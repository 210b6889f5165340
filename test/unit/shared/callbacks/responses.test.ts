import { responses } from '../../../../nodes/shared/callbacks/responses';

it('the answers are those that the interface promises', () => {
	expect(responses).toMatchObject({
		received: { status: 200, body: { received: true } },
		ignoredStatus: { status: 200, body: { received: true, ignored: 'status' } },
		duplicate: { status: 200, body: { received: true, ignored: 'duplicate' } },
		unverified: { status: 401, body: { error: 'Unverified callback' } },
		unavailable: { status: 503 },
	});
});
