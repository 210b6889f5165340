/**
 * Loaded into n8n's process by a benchmark: SIGUSR2 makes it collect its garbage and write down what
 * is left, in bytes, as JSON. What a process holds otherwise says little: V8 gives back when it likes.
 */
const fs = require('node:fs');
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

process.on('SIGUSR2', () => {
	collect();
	collect();
	const { heapUsed, external } = process.memoryUsage();
	fs.writeFileSync(process.env.ALLOMIA_BENCH_MEMORY, JSON.stringify({ heapUsed, external }));
});
