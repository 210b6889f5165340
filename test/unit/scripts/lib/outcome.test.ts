import http from 'node:http';
import { outcomeByAsking } from '../../../../scripts/lib/outcome';
import { close, listen } from '../../../simulator';

it('npm start asks the real AlloMia through the proxy that the environment names', async () => {
	const asked: string[] = [];
	const answer = { status: 'completed' };
	const proxy = http.createServer((req, res) => {
		asked.push(`${req.headers.host} ${req.url}`);
		res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
	});
	// What is asked through a tunnel ends here, too.
	proxy.on('connect', (_, socket) => {
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		proxy.emit('connection', socket);
	});
	const url = await listen(proxy);
	const { env } = process;
	process.env = {
		...env,
		http_proxy: url,
		no_proxy: '127.0.0.1',
	};
	try {
		const target = { baseUrl: 'http://allomia.example/api', apiKey: 'key' };
		expect(await outcomeByAsking({ target, id: '1' })).toEqual({ from: 'asking', event: answer });
		expect(asked).toHaveLength(1);
		expect(asked[0]).toMatch(/^allomia\.example .*\/api\/outbound\/1\/status$/);
	} finally {
		process.env = env;
		await close(proxy);
	}
});
