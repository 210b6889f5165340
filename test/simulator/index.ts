import { deliver, endsByItself, logEntry } from './calls';
import { CallbackSender } from './callbackSender';
import { ids, keys } from './constants';
import { answerControl, endCall } from './control';
import { safeLine } from './describe';
import { answerFile, wav } from './fileHost';
import { LinkSigner } from './links';
import { close, listen } from './listen';
import { handleApi } from './router';
import { createServer } from './server';
import { Timers } from './timers';
import type { Simulator, SimulatorOptions } from './types';
import { freshMemory, type World } from './world';

export { ids, keys, timezones } from './constants';
export { endingOf, numberEndings, type NumberEnding } from './endings';
export { close, listen } from './listen';
export type * from './types';

/** Starts a simulator of AlloMia's API. Only its callbacks may leave this machine. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
	const { host = '127.0.0.1', port = 0 } = options;
	const world = createWorld(options);
	const servers = [
		createServer(world, 'api', handleApi, answerControl),
		createServer(world, 'files', answerFile),
	] as const;
	const [api, files] = servers;
	const origin = await listen(api, port, host);
	world.fileUrl = await listen(files, 0, host).catch(async (error: unknown) => {
		await close(api);
		return await Promise.reject(error);
	});
	return {
		baseUrl: `${origin}/api`,
		fileUrl: world.fileUrl,
		...simulatorParts(world),
		stop: async () => {
			world.timers.clear();
			world.answerTimers.clear();
			world.sender.close();
			await Promise.all(servers.map(close));
		},
	};
}

function createWorld({ pace, log, callbackTimeout, recordingBytes }: SimulatorOptions): World {
	return {
		memory: freshMemory(),
		dials: [],
		requests: [],
		fileRequests: [],
		callbacks: [],
		pace: pace ?? 1000,
		timers: new Timers(),
		answerTimers: new Timers(),
		links: new LinkSigner(),
		sender: new CallbackSender(callbackTimeout ?? 10_000),
		log: log && ((line) => log(safeLine(line))),
		fileUrl: '',
		recording: wav(recordingBytes ?? 16_044),
	};
}

function simulatorParts(world: World): Omit<Simulator, 'baseUrl' | 'fileUrl' | 'stop'> {
	const { dials, requests, fileRequests, callbacks, pace } = world;
	const clearFaults = () => void (world.memory.faults = []);
	return {
		keys,
		ids,
		dials,
		requests,
		fileRequests,
		callbacks,
		setPace: (pace) => void (world.pace = pace),
		setCallbacks: (settings) => void (world.memory.callbackSettings = settings),
		setCapacity: (calls) => void (world.memory.capacity = calls),
		mostInProgress: () => world.memory.mostInProgress,
		setLogLag: (lag) => void (world.memory.logLag = lag),
		endCall: async (id, status) => {
			const call = world.memory.calls.get(id);
			// The result would depend on the speed of the machine.
			if (call && endsByItself(call, 60_000)) {
				throw new Error(
					`Outbound call ${id} may end by itself before: set a pace of a minute or more`,
				);
			}
			await endCall(world, id, status);
		},
		deliverCallback: async (id) => {
			const call = world.memory.calls.get(id);
			if (!call) throw new Error(`There is no outbound call ${id}`);
			return await deliver(world, call);
		},
		fault: (rule) => {
			if (rule) world.memory.faults.push({ rule, left: rule.times ?? 1 });
			else clearFaults();
		},
		clearFaults,
		expireLinks: () => world.links.expireAll(),
		addCall: (given = {}) => {
			const entry = logEntry(given);
			world.memory.log.set(entry.id, entry);
			return entry.id;
		},
		reset: () => {
			world.timers.clear();
			world.memory = freshMemory();
			world.pace = pace;
			world.sender.cancel();
			[dials, requests, fileRequests, callbacks].forEach((list) => (list.length = 0));
		},
	};
}
