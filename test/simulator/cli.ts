import { readArguments, usage, UsageError, type CliArguments } from './cliArguments';
import { numberEndings, startSimulator, type Simulator } from './index';

void main();

async function main(): Promise<void> {
	// Nothing needs to be saved: an interrupt ends it at once.
	process.on('SIGINT', () => process.exit(0));
	process.on('SIGTERM', () => process.exit(0));
	// The process that started it has ended.
	process.on('disconnect', () => process.exit(0));
	try {
		const asked = readArguments(process.argv.slice(2));
		if (!asked) return void console.log(usage);
		console.log(introduction(await startSimulator({ ...asked, log: logLine }), asked));
	} catch (error) {
		console.error(explain(error));
		process.exit(1);
	}
}

function logLine(line: string): void {
	console.log(`${new Date().toTimeString().slice(0, 8)} ${line}`);
}

function introduction({ baseUrl, fileUrl, keys, ids }: Simulator, { pace }: CliArguments): string {
	const endings = Object.entries(numberEndings).map(([end, { does }]) => `  …${end}  ${does}`);
	return [
		'AlloMia simulator: no telephone rings, whatever you dial.',
		'',
		`  Base URL           ${baseUrl}`,
		`  Files              ${fileUrl}`,
		`  Organization key   ${keys.organization}`,
		`  Tenant key         ${keys.tenant}`,
		`  Organization id    ${ids.organizationId}`,
		`  Assistant id       ${ids.assistantId}`,
		`  Phone number id    ${ids.phoneNumberId}`,
		'',
		`A call completes ${pace} ms after it is dialled. Numbers that end in these digits differ:`,
		...endings,
		'',
		'Ctrl-C ends the simulator.',
		'',
	].join('\n');
}

function explain(error: unknown): string {
	if (error instanceof UsageError) return error.message;
	const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
	if (code === 'EADDRINUSE') {
		return `Port ${port} is in use: end the other program, or choose another port with --port.`;
	}
	if (code === 'EACCES') {
		return `Port ${port} may not be used by you: choose one above 1023 with --port.`;
	}
	if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
		return 'This computer does not have that address: choose another one with --host.';
	}
	return `The simulator could not start: ${message}`;
}
