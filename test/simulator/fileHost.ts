import type { ApiResponse } from './responses';
import type { Incoming } from './request';
import type { CallRecord } from './types';
import type { World } from './world';

/** Fresh links to a call's transcript and recording. */
export function freshLinks(
	world: World,
	callId: string,
): Required<Pick<CallRecord, 'transcriptUrl' | 'recordingUrl'>> {
	return {
		transcriptUrl: world.fileUrl + world.links.sign(`/transcripts/${callId}.txt`),
		recordingUrl: world.fileUrl + world.links.sign(`/recordings/${callId}.wav`),
	};
}

/** Responds like the object store behind real pre-signed links. */
export function answerFile(world: World, request: Incoming): ApiResponse {
	// Object stores accept a signed link or an Authorization header, never both. That exposes clients which
	// send their API key to another host.
	if (request.headers.authorization !== undefined) {
		return xml(400, 'InvalidArgument', 'Only one auth mechanism allowed');
	}
	if (request.method !== 'GET') {
		return xml(405, 'MethodNotAllowed', 'The specified method is not allowed');
	}
	const match = /^\/(?:transcripts\/(.+)\.txt|recordings\/(.+)\.wav)$/.exec(request.pathname);
	const fault = world.links.fault(request.pathname, request.query);
	if (!match || fault === 'forged') {
		return xml(403, 'SignatureDoesNotMatch', 'The request signature does not match');
	}
	if (fault === 'expired') return xml(403, 'AccessDenied', 'Request has expired');
	const call = world.memory.log.get(match[1] ?? match[2] ?? '');
	if (!call) return xml(404, 'NoSuchKey', 'The specified key does not exist');
	return match[1] === undefined
		? { status: 200, headers: { 'content-type': 'audio/wav' }, body: world.recording }
		: {
				status: 200,
				headers: { 'content-type': 'text/plain; charset=utf-8' },
				body: transcript(call),
			};
}

function xml(status: number, code: string, message: string): ApiResponse {
	const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
	return {
		status,
		headers: { 'content-type': 'application/xml' },
		body: `<?xml version="1.0" encoding="UTF-8"?>\n${error}\n`,
	};
}

function transcript(call: CallRecord): string {
	return [
		`AI: Bonjour, this is ${call.agentName}. How can I help you?`,
		`User: Hello, this is ${call.userName ?? 'a caller'}.`,
		'AI: Merci, your appointment is confirmed. À bientôt!',
		'',
	].join('\n');
}

/** A valid WAV file (8 kHz, 8 bit, mono) of this size, with a quiet tone in it. */
export function wav(bytes: number): Buffer {
	const file = Buffer.alloc(Math.max(44, bytes), 128);
	file.write('RIFF', 0);
	file.writeUInt32LE(file.length - 8, 4);
	file.write('WAVEfmt ', 8);
	file.writeUInt32LE(16, 16);
	file.writeUInt16LE(1, 20);
	file.writeUInt16LE(1, 22);
	file.writeUInt32LE(8000, 24);
	file.writeUInt32LE(8000, 28);
	file.writeUInt16LE(1, 32);
	file.writeUInt16LE(8, 34);
	file.write('data', 36);
	file.writeUInt32LE(file.length - 44, 40);
	// One period of 500 Hz, repeated.
	const tone = Uint8Array.from({ length: 16 }, (_, n) => 128 + 30 * Math.sin((n * Math.PI) / 8));
	file.fill(tone, 44);
	return file;
}
