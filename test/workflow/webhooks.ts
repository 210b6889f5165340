import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { parse, stringify } from 'flatted';
import {
	createRunExecutionData,
	type IDataObject,
	type IRun,
	type IRunExecutionData,
} from 'n8n-workflow';
import { close, listen } from '../simulator';
import { answerWebhook, resume, start, type Execution } from './engine';

interface Waiting {
	wanted: Execution;
	/** What n8n has stored of it. */
	data: IRunExecutionData;
	goOn(data: IRunExecutionData): void;
}

/** A trigger, and what it has put out. */
interface Trigger {
	wanted: Execution;
	outputs: IDataObject[][][];
}

const server = http.createServer((request, response) => void answer(request, response));
const runningIds = new Set<string>();
const finished = new Set<string>();
const waiting = new Map<string, Waiting>();
/** By the paths that they listen at. */
const triggers = new Map<string, Trigger>();

// A look at an execution may be an hour ahead: it must not keep the tests from ending.
const { setTimeout: begins } = globalThis;
globalThis.setTimeout = Object.assign(
	(...args: Parameters<typeof begins>) => begins(...args).unref(),
	begins,
);

/** Where the addresses of this engine's executions lead. */
let publicUrl = '';

beforeAll(async () => {
	publicUrl = await listen(server);
});
afterAll(async () => await close(server));

/** An execution that may be parked, and goes on when its webhook lets it. */
export interface Begun {
	id: string;
	/** When n8n goes on by itself; undefined where it was not parked. */
	parked: Promise<Date | undefined>;
	/** Whether it waits now. */
	isParked: () => boolean;
	end: Promise<IRun>;
	/** What n8n does once the time is up. */
	goOn(): void;
	/** What n8n had saved of it when it last went on: the base of a re-run after a crash. */
	saved(): IRunExecutionData;
}

/** Begins an execution whose callbacks reach it, as those of a published workflow. */
export function begin(execution: Omit<Execution, 'publicUrl'>): Begun {
	const wanted = { ...execution, publicUrl };
	const { id, execution: run } = start(wanted);
	const running = async (part: Promise<IRun>) => {
		runningIds.add(id);
		return await part.finally(() => runningIds.delete(id));
	};
	const first = running(run);
	let saved = '';
	const end = first.then(async (begun) => {
		let ran = begun;
		// It may park more than once.
		while (ran.waitTill) {
			const { data: parked } = ran;
			const data = await new Promise<IRunExecutionData>((goOn) => {
				waiting.set(id, { wanted, data: stored(parked), goOn });
			});
			saved = stringify(data);
			ran = await running(resume(wanted, data, 'trigger', id));
		}
		return ran;
	});
	void end.finally(() => finished.add(id)).catch(() => undefined);
	const goOn = () => {
		const { data } = waiting.get(id) ?? {};
		if (data) continueWith(id, data);
	};
	const isParked = () => waiting.has(id);
	const parked = first.then(({ waitTill }) => waitTill ?? undefined);
	return { id, end, goOn, isParked, parked, saved: () => parse(saved) as IRunExecutionData };
}

/** Lets a trigger listen, as that of a published workflow: its address, and what it puts out. */
export function listenTo(execution: Omit<Execution, 'type' | 'publicUrl'>) {
	const path = `/webhook/allomia/${randomUUID()}`;
	const outputs: IDataObject[][][] = [];
	triggers.set(path, { wanted: { ...execution, type: 'alloMiaTrigger', publicUrl }, outputs });
	return { url: publicUrl + path, outputs };
}

/** As n8n keeps it in its database, and reads it from there. */
const stored = (data: IRunExecutionData) => parse(stringify(data)) as IRunExecutionData;

function continueWith(id: string, data: IRunExecutionData): void {
	const found = waiting.get(id);
	waiting.delete(id);
	const [entry] = data.executionData?.nodeExecutionStack ?? [];
	if (entry) entry.node.disabled = true;
	delete data.waitTill;
	data.resultData.runData[data.resultData.lastNodeExecuted ?? '']?.pop();
	found?.goOn(data);
}

/** Answers what is posted to an execution, with n8n's words. */
async function answer(request: http.IncomingMessage, response: http.ServerResponse) {
	const say = (status: number, body: unknown) =>
		response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
	const id = /^\/webhook-waiting\/(\w+)\//.exec(request.url ?? '')?.[1] ?? '';
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
	const trigger = triggers.get((request.url ?? '').replace(/\?.*/, ''));
	if (trigger) {
		const { wanted, outputs } = trigger;
		const result = await answerWebhook(wanted, '1', null, { request, response, body, say });
		if (result.noWebhookResponse) return;
		outputs.push((result.workflowData ?? []).map((items) => items.map(({ json }) => json)));
		return void say(200, result.webhookResponse);
	}
	const refuse = (status: number, message: string) => void say(status, { code: status, message });
	if (runningIds.has(id)) return refuse(409, `The execution "${id}" is running already.`);
	if (finished.has(id)) return refuse(409, `The execution "${id} has finished already.`);
	const found = waiting.get(id);
	if (!found) return refuse(404, `The execution "${id}" does not exist.`);
	const data = createRunExecutionData(stored(found.data));
	const result = await answerWebhook(found.wanted, id, data, { request, response, body, say });
	if (result.noWebhookResponse) return;
	say(200, result.webhookResponse);
	const [entry] = data.executionData?.nodeExecutionStack ?? [];
	if (entry && result.workflowData) {
		entry.data.main = result.workflowData;
		continueWith(id, data);
	}
}
