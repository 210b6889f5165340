import { parseArgs } from 'node:util';

/** The parsed command line. */
export interface CliArguments {
	port: number;
	host: string;
	pace: number;
}

/** An invalid command line. The message is for the user. */
export class UsageError extends Error {}

/** The command's help text. */
export const usage = 'Usage: simulator [--port 4010] [--host 127.0.0.1] [--pace 1000]';

/** Parses the command line; undefined if it asks for help. */
export function readArguments(args: string[]): CliArguments | undefined {
	const { port = '4010', host = '127.0.0.1', pace = '1000', help } = parsed(args);
	if (help) return undefined;
	if (host === '') refuse('--host must be a host name or address.');
	return {
		port: number('--port', port, 65_535),
		host,
		pace: number('--pace', pace, 2 ** 31 - 1),
	};
}

function parsed(args: string[]) {
	const option = { type: 'string' } as const;
	const options = { port: option, host: option, pace: option, help: { type: 'boolean' } } as const;
	try {
		return parseArgs({ args, options }).values;
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		// Only Node's first sentence: the rest is about a notation that is not used here.
		return refuse(`${message.split('. ')[0]?.replace(/\.$/, '')}. ${usage}`);
	}
}

function number(flag: string, value: string, most: number): number {
	if (/^\d+$/.test(value) && Number(value) <= most) return Number(value);
	return refuse(`${flag} must be a whole number from 0 to ${most}, not "${value}".`);
}

function refuse(message: string): never {
	throw new UsageError(message);
}
