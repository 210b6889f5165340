/**
 * Loaded into n8n's process: SIGUSR2 makes it collect its garbage, and write down what is left, into the file that
 * `ALLOMIA_MEMORY` names. What a process holds otherwise says little: V8 gives back when it likes.
 */
const fs = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

process.on('SIGUSR2', () => {
	collect();
	const { heapUsed, external } = process.memoryUsage();
	const megabytes = (heapUsed + external) / 2 ** 20;
	const memory = { pid: process.pid, age: process.uptime(), megabytes };
	fs.writeFileSync(process.env.ALLOMIA_MEMORY, JSON.stringify(memory));
});
