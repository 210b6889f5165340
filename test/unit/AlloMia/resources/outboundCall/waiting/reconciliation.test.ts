import { responses } from '../../../../../../nodes/shared/callbacks/responses';
import {
	reconcileSoon,
	useHttpRequest,
	reconcileUntilDeadline,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/reconciliation';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const text = (body: object) => JSON.stringify(body);

describe('the looks at a waiting execution', () => {
	it.each([
		['n8n goes on', 200, text({ received: true }), 1],
		['calls are still open', 200, text({ received: true, ignored: 'status' }), 3],
		[
			'the execution has ended',
			409,
			text({ message: 'The execution "5 has finished already.' }),
			1,
		],
		['it is not stored yet', 409, text({ message: 'The execution "5" is running already.' }), 3],
		['it was deleted', 404, text({ message: 'The execution "5" does not exist.' }), 1],
		[
			'its node is gone',
			404,
			text({
				message:
					'The workflow for execution "5" does not contain a waiting webhook with a matching path/method.',
			}),
			1,
		],
		[
			'a proxy does not find n8n, and names the address',
			404,
			'<p>The requested URL /webhook-waiting/5 was not found: no such execution on this server.</p>',
			3,
		],
		['a proxy does not find n8n', 404, '<html><h1>404 Not Found</h1><hr>nginx</html>', 3],
		['it is not signed for us', 401, text(responses.unverified.body), 1],
		['a proxy wants a password', 401, '<html>401 Authorization Required</html>', 3],
		['a proxy forbids it', 403, 'Forbidden', 3],
		['a proxy wants fewer requests', 429, 'Too Many Requests', 3],
		['a proxy sends it elsewhere', 302, '', 3],
		['n8n is not there', 502, '<html>502 Bad Gateway</html>', 3],
		[
			'the database does not answer',
			503,
			text({ code: 503, message: 'Database is not ready!' }),
			3,
		],
	])(
		'where %s (%i %s), come %i times in seven seconds',
		async (_case, statusCode, body, expected) => {
			const post = jest.fn().mockResolvedValue({ statusCode, body });
			useHttpRequest(post);
			const deadline = Date.now() + 60_000;
			reconcileUntilDeadline({
				wait: `${statusCode} ${body}`,
				url: 'http://n8n.example/webhook-waiting/5',
				event: {},
				deadline,
			});
			// After 0.3 s, 1.2 s and 4.8 s more, if there are that many.
			await jest.advanceTimersByTimeAsync(7_000);
			expect(post).toHaveBeenCalledTimes(expected);
		},
	);

	it('go on where n8n cannot be reached', async () => {
		const post = jest.fn().mockRejectedValue(new Error('connect ECONNREFUSED'));
		useHttpRequest(post);
		reconcileUntilDeadline({
			wait: 'none',
			url: 'http://n8n.example/',
			event: {},
			deadline: Date.now() + 60_000,
		});
		await jest.advanceTimersByTimeAsync(7_000);
		expect(post).toHaveBeenCalledTimes(3);
	});

	/** When looks come within some time, in ms, where calls stay open all the while. */
	async function timesOf(
		start: (look: Parameters<typeof reconcileUntilDeadline>[0]) => void,
		within: number,
	) {
		const begun = Date.now();
		const times: number[] = [];
		useHttpRequest(async () => {
			times.push(Date.now() - begun);
			return { statusCode: 200, body: text({ received: true, ignored: 'status' }) };
		});
		const look = { url: 'http://n8n.example/', event: {}, deadline: begun + 600_000 };
		start({ ...look, wait: `${within}` });
		await jest.advanceTimersByTimeAsync(within);
		return times;
	}

	it('come at growing intervals, at the limit, and then for a minute', async () => {
		expect(await timesOf(reconcileUntilDeadline, 3_600_000)).toEqual([
			...[300, 1_500, 6_300, 25_500, 102_300, 409_500],
			...[600_000, 601_000, 603_000, 607_000, 615_000, 631_000, 663_000],
		]);
	});

	it('come once for a wait, however often they are asked for', async () => {
		const twice = (look: Parameters<typeof reconcileUntilDeadline>[0]) => [
			reconcileUntilDeadline(look),
			reconcileUntilDeadline(look),
		];
		expect(await timesOf(twice, 1_400)).toEqual([300]);
	});

	it('come a second after callbacks have ceased to come', async () => {
		const callbacks = (look: Parameters<typeof reconcileUntilDeadline>[0]) => {
			for (const at of [0, 500, 900, 5_000]) setTimeout(() => reconcileSoon(look), at);
		};
		expect(await timesOf(callbacks, 60_000)).toEqual([1_900, 6_000]);
	});
});
