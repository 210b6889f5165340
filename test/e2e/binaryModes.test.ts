import http from 'node:http';
import { close, listen } from '../simulator';
import { activeWorkflow, startBench, type Bench } from './support/bench';
import { alloMia } from './support/nodes';
import { since } from './support/version';

/** Wherever n8n keeps binary data: files are its default, and tested with the call log. */
describe('files of a call, with n8n’s binary data mode default', () => downloads('default'));

// An older n8n keeps no files in its database.
since('2.0.0').describe('files of a call, with n8n’s binary data mode database', () =>
	downloads('database'),
);

function downloads(mode: string) {
	let bench: Bench;
	let files: http.Server;
	let url = '';
	let sent = Buffer.alloc(0);

	beforeAll(async () => {
		bench = await startBench({ N8N_DEFAULT_BINARY_DATA_MODE: mode });
		files = http.createServer((_, res) => {
			// In two steps, so that its size is not announced.
			res.writeHead(200).write(sent);
			res.end();
		});
		url = await listen(files);
	});

	afterAll(async () => {
		await close(files);
		await bench?.stop();
	});

	async function download() {
		const recordingUrl = `${url}/file.mp3`;
		const node = alloMia(bench.credential, {
			resource: 'call',
			operation: 'get',
			callId: bench.simulator.addCall({ recordingUrl }),
			download: ['recording'],
			options: { maxFileSize: 1 },
		});
		const { data } = await (await activeWorkflow(bench, [node])).run([{}]);
		const main = data.resultData.runData.AlloMia?.[0]?.data?.main?.[0] ?? [];
		return { error: data.resultData.error, recording: main[0]?.binary?.recording };
	}

	it('come whole', async () => {
		sent = Buffer.alloc(900_000, 'x');
		const { recording } = await download();
		expect(recording).toMatchObject({ mimeType: 'audio/mpeg', fileSize: '900 kB' });
		if (mode === 'database') expect(recording?.id).toMatch(/^database:/);
		else expect(Buffer.from(recording?.data ?? '', 'base64').equals(sent)).toBe(true);
	});

	it('are refused where they are too large', async () => {
		sent = Buffer.alloc(1_000_001, 'x');
		const { error, recording } = await download();
		expect(error?.message).toBe('The recording is too large');
		expect(recording).toBeUndefined();
	});
}
