import type { ChildProcess } from 'node:child_process';

export interface InstalledN8n {
	version: string;
	home: string;
	bin: string;
	node: { bin: string; dir: string };
}

export interface N8nProcess {
	child: ChildProcess;
	output(): string;
	stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Answer {
	status: number;
	text: string;
	json: unknown;
}

export class Session {
	readonly baseUrl: string;
	readonly browserId: string;
	cookie: string;
	constructor(baseUrl: string);
	signIn(password?: string): Promise<void>;
	send(method: string, route: string, body?: unknown): Promise<Answer>;
	call<T = unknown>(method: string, route: string, body?: unknown): Promise<T>;
}

export const owner: { email: string; password: string };

export function closedSettings(options: {
	userFolder: string;
	port: number;
	brokerPort: number;
}): Record<string, string>;
export const headlessSettings: Record<string, string>;
export function freePort(): Promise<number>;
export function installPackage(userFolder: string, tarball: string): Promise<void>;
export function isFree(port: number, host?: string): Promise<boolean>;
export function startProcess(options: {
	n8n: Pick<InstalledN8n, 'bin' | 'node'>;
	name?: string;
	command?: string[];
	env: Record<string, string>;
	readyUrl: string;
	timeout?: number;
}): Promise<N8nProcess>;
