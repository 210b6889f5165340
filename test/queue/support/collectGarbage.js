/**
 * Loaded into n8n: on SIGUSR2, it collects garbage, as it does by itself when memory runs short, and writes down what it
 * holds, into the file `memory.json` in its folder.
 */
const fs = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
process.on('SIGUSR2', () => {
	collect();
	const megabytes = process.memoryUsage().heapUsed / 2 ** 20;
	const written = JSON.stringify({ pid: process.pid, age: process.uptime(), megabytes });
	fs.writeFileSync(path.join(process.env.N8N_USER_FOLDER, 'memory.json'), written);
});
