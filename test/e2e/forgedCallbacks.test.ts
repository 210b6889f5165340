import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { retrieveTimeout, maxWaiting } from '../../nodes/shared/callbacks/retrieveEvent';
import { createCredential, until } from '../../scripts/lib/workflows';
import { triggered, useBench } from './support/bench';
import { aTrigger, callAndTrigger, event, executionsOf } from './support/triggers';
import { post } from '../webhooks';
import { since } from './support/version';

const bench = useBench();

/** What n8n's process has in memory, in MB. */
function memory(): number {
	const status = fs.readFileSync(`/proc/${bench.n8n.pid}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

const lookUps = () => bench.simulator.requests.filter(({ method }) => method === 'GET');

/** How many of the requests that AlloMia did not answer waited at the same time. */
function mostAtOnce(unanswered: ReadonlyArray<{ at: number }>): number {
	const patience = retrieveTimeout.once - 500;
	return Math.max(
		...unanswered.map(
			({ at }) => unanswered.filter((it) => it.at >= at && it.at < at + patience).length,
		),
	);
}

/** Posts invented outcomes, all at once; how they were answered, by the status. */
async function flood(url: string, count: number): Promise<Map<number, number>> {
	const answers = await Promise.all(
		Array.from({ length: count }, async () => (await post(url, event())).status),
	);
	const counts = new Map<number, number>();
	for (const status of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
	return counts;
}

const hang = () =>
	bench.simulator.fault({ kind: 'timeout-before', times: 10_000, match: { method: 'GET' } });

/** A workflow that calls, and whose trigger has a credential that nobody has read for a callback yet. */
async function withNewCredential(triggerParameters = {}) {
	const credential = await createCredential(bench.n8n.session, {
		apiKey: bench.simulator.keys.organization,
		baseUrl: bench.simulator.baseUrl,
	});
	return await callAndTrigger({ ...bench, credential }, triggerParameters);
}

const unsigned = (url: string) => url.replace(/\?.*/, '');
const forged = (url: string) => url.replace(/.{3}$/, 'xxx');

describe('invented outcomes, while AlloMia does not answer,', () => {
	// An older n8n takes more memory for each request.
	since('2.0.0').it.each<[string, (url: string) => string, boolean]>([
		['unsigned', unsigned, true],
		['with a forged signature', forged, true],
		['with a forged signature, before the key was read', forged, false],
	])(
		'are answered, take little memory, and hold up no genuine one (%s)',
		async (_, forge, known) => {
			// n8n's first requests make it grow by themselves.
			await flood((await aTrigger(bench)).url, 30);
			const calling = await withNewCredential();
			await calling.run([{ phone: '+15145550004' }]);
			const [dial] = bench.simulator.dials;
			const [signed = '', id = ''] = [dial?.body.callbackUrl, dial?.outboundCallId];
			if (known) expect((await post(forged(signed), event())).status).toBe(401);
			hang();
			const [before, begun] = [memory(), bench.simulator.requests.length];
			let peak = before;
			const watch = setInterval(() => (peak = Math.max(peak, memory())), 20);
			try {
				const flooding = flood(forge(signed), 300);
				await until('AlloMia to be asked', () => bench.simulator.requests.length > begun);
				await delay(500);
				const posted = Date.now();
				const genuine = async () => (await post(signed, event('completed', id))).status;
				if (known) expect(await genuine()).toBe(200);
				else await until('the genuine one to be taken', async () => (await genuine()) === 200);
				const took = Date.now() - posted;
				expect(await flooding).toEqual(new Map([[503, 300]]));
				const all = Date.now() - posted;
				process.stdout.write(
					`  ${Math.round(before)} MB, at most ${Math.round(peak)} MB; ${took} of ${all} ms\n`,
				);
				expect(mostAtOnce(bench.simulator.requests.slice(begun))).toBeLessThanOrEqual(
					maxWaiting.unsigned,
				);
				expect(peak - before).toBeLessThan(forge === unsigned ? 500 : 800);
				expect(took).toBeLessThan(all);
			} finally {
				clearInterval(watch);
			}
			await triggered(bench, calling.id, 1);
		},
	);

	it('keep nobody waiting at another trigger', async () => {
		const [flooded, quiet] = [await aTrigger(bench), await aTrigger(bench)];
		hang();
		const flooding = flood(flooded.url, 40);
		await until('some to wait', () => lookUps().length === maxWaiting.unsigned);
		bench.simulator.clearFaults();
		// AlloMia answers again: what is asked for this trigger is asked at once.
		expect(await post(quiet.url, event())).toEqual({
			status: 401,
			body: { error: 'Unverified callback' },
		});
		expect(await flooding).toEqual(new Map([[503, 40]]));
		expect(await executionsOf(bench, quiet.id)).toBe(0);
	});
});

it.each(['auto', 'always'])(
	'%s lets in forty genuine outcomes that come at the same moment, before the key was read',
	async (verification) => {
		const calling = await withNewCredential({ verification });
		await calling.run(Array.from({ length: 40 }, () => ({ phone: '+15145550004' })));
		await Promise.all(
			bench.simulator.dials.map(
				async ({ outboundCallId }) => await bench.simulator.endCall(outboundCallId, 'completed'),
			),
		);
		await triggered(bench, calling.id, 40);
	},
);
