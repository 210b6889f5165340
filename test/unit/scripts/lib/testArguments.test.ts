import { readArguments } from '../../../../scripts/lib/testArguments';

const suitesInN8n = ['e2e', 'editor', 'queue'];
const read = (args: string[]) =>
	readArguments(args, { suites: ['unit', 'workflow', ...suitesInN8n], suitesInN8n });

describe('the arguments of the test commands', () => {
	it.each([
		[[], ['unit', 'workflow', ...suitesInN8n]],
		[
			['workflow', 'unit'],
			['unit', 'workflow'],
		],
		[['--n8n', 'latest'], suitesInN8n],
		[['--n8n', '2.41.1', 'queue'], ['queue']],
		[['--n8n', '2.41.1', '--area', 'Create'], ['e2e']],
		[
			['--n8n', '2.41.1', '--area', 'Trigger', '--area', 'Editor'],
			['e2e', 'editor'],
		],
	])('%j are the suites %j', (args, chosen) => {
		expect(read(args).chosen).toEqual(chosen);
	});

	it('take the files of areas', () => {
		const { files, record } = read(['--n8n', '2.41.1', '--area', 'Trigger', '--record']);
		expect({ files, record }).toEqual({
			files: ['trigger', 'triggerLife', 'verification', 'attacks', 'forgedCallbacks'],
			record: true,
		});
	});

	it.each([
		[['no-suite'], 'is not a suite'],
		[['--n8n', '2.41.1', 'unit'], 'is not a suite'],
		[['--n8n', '2.41'], 'Say which n8n'],
		[['--n8n'], "'--n8n <value>' argument missing"],
		[['--grep'], "'--grep <value>' argument missing"],
		[['--grep', '--record'], 'argument'],
		[['--records'], "Unknown option '--records'"],
		[['--record'], '--record is for'],
		[['--n8n', '2.41.1', '--record', '--grep', 'x'], '--record is for'],
		[['--area', 'Create'], '--area is for'],
		[['--n8n', '2.41.1', '--area', 'Creates'], '--area is for'],
		[['--n8n', '2.41.1', '--area', 'Create', 'e2e'], '--area is for'],
	])('%j are refused: %s', (args, message) => {
		expect(() => read(args)).toThrow(message);
	});
});
