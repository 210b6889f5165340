import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { close, listen } from '../../simulator';

/** What a public host answers. */
export type Site = http.RequestListener;

/** A stand-in for the internet, which n8n reaches through a proxy: hosts by their names, over TLS. */
export interface Internet {
	/** What n8n's environment needs to find it. */
	settings: Record<string, string>;
	/** The requests that came, each as `host path`, and their headers. */
	asked: Array<{ url: string; headers: http.IncomingHttpHeaders }>;
	/** Every host and port that the proxy was asked for, reachable or not. */
	dialled: string[];
	/** Every other host that n8n has connected to, or tried to, past the proxy. */
	passedBy(): string[];
	stop(): Promise<void>;
}

/**
 * @param sites by host name
 * @param internal names that n8n resolves to this address
 */
export async function startInternet(
	sites: Record<string, Site>,
	internal: Record<string, string>,
): Promise<Internet> {
	const asked: Internet['asked'] = [];
	const dialled: string[] = [];
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-internet-'));
	const names = Object.keys(sites);
	const { private: key, cert } = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
		extensions: [
			{ name: 'basicConstraints', cA: true },
			{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
		],
	});
	const connected = path.join(folder, 'connected.txt');
	fs.writeFileSync(connected, '');
	const certFile = path.join(folder, 'ca.pem');
	fs.writeFileSync(certFile, cert);

	const hosts = https.createServer({ key, cert }, (req, res) => {
		const { host = '' } = req.headers;
		asked.push({ url: host + String(req.url), headers: req.headers });
		sites[host]?.(req, res);
	});
	const { port: hostsPort } = new URL(await listen(hosts));
	const proxy = http.createServer((req, res) => {
		dialled.push(new URL(req.url ?? '').host);
		res.writeHead(502).end();
	});
	proxy.on('connect', (req, client, head) => {
		const [host = '', port = ''] = (req.url ?? '').split(':');
		dialled.push(`${host}:${port}`);
		if (!(host in sites)) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
		const upstream = net.connect(Number(hostsPort), '127.0.0.1', () => {
			client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			upstream.write(head);
			upstream.pipe(client).pipe(upstream);
		});
		for (const socket of [client, upstream]) socket.on('error', () => upstream.destroy());
		client.on('close', () => upstream.destroy());
	});
	const address = await listen(proxy);
	return {
		asked,
		dialled,
		passedBy: () => fs.readFileSync(connected, 'utf8').split('\n').filter(Boolean),
		settings: {
			HTTP_PROXY: address,
			HTTPS_PROXY: address,
			NO_PROXY: '127.0.0.1,localhost',
			NODE_EXTRA_CA_CERTS: certFile,
			NODE_OPTIONS: `--require ${preload(folder, internal, connected)}`,
		},
		stop: async () => {
			await Promise.all([proxy, hosts].map(close));
			fs.rmSync(folder, { recursive: true, force: true });
		},
	};
}

/**
 * A script that makes Node resolve these names as told, and all others as ever, and that writes down
 * which hosts beyond this machine are connected to.
 */
function preload(folder: string, internal: Record<string, string>, connected: string): string {
	const file = path.join(folder, 'preload.js');
	fs.writeFileSync(
		file,
		`const dns = require('node:dns');
const internal = ${JSON.stringify(internal)};
const lookup = dns.promises.lookup;
dns.promises.lookup = async (name, options) => {
	const address = internal[name];
	if (!address) return await lookup(name, options);
	const found = { address, family: 4 };
	return options?.all ? [found] : found;
};

const { Socket } = require('node:net');
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
	const [first, second] = Array.isArray(args[0]) ? args[0] : args;
	const host = typeof first === 'object' ? first.host : typeof second === 'string' ? second : undefined;
	if (host && !['127.0.0.1', 'localhost', '::1'].includes(host)) {
		require('node:fs').appendFileSync(${JSON.stringify(connected)}, host + '\\n');
	}
	return connect.apply(this, args);
};
`,
	);
	return file;
}
