/** Loaded into n8n: on SIGUSR2, they collect garbage, as they do by themselves when memory runs short. */
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');
process.on('SIGUSR2', () => collect());
