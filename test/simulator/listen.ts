import type http from 'node:http';
import type net from 'node:net';

type Server = http.Server | net.Server;

/** The open connections by server, including tunnels. */
const connections = new WeakMap<Server, Set<net.Socket>>();

/**
 * Starts a server, by default on a free port and for this machine only.
 * @returns its URL, without a trailing slash
 */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<string> {
	const open = new Set<net.Socket>();
	connections.set(server, open);
	server.on('connection', (socket: net.Socket) => {
		open.add(socket);
		socket.once('close', () => open.delete(socket));
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, () => {
			server.off('error', reject);
			resolve();
		});
	});
	const { address, family, port: bound } = server.address() as net.AddressInfo;
	// A wildcard address cannot be used in a URL.
	const any = address === '0.0.0.0' || address === '::';
	const name = any ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address;
	return `http://${name}:${bound}`;
}

/** Stops a server, and closes its connections. */
export async function close(server: Server | undefined): Promise<void> {
	if (!server) return;
	await new Promise((resolve) => {
		server.close(resolve);
		connections.get(server)?.forEach((socket) => socket.destroy());
	});
}
