import { loadNodes, suite, testFiles } from './testFiles';

suite('workflow', () => {
	loadNodes();
	// Beside each other: one simulator and one n8n are started and stopped for all of them.
	for (const { file } of testFiles('workflow')) jest.requireActual(file);
});
