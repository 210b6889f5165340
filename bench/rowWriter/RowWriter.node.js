const { randomUUID } = require('node:crypto');

const writes = 100;

/** Writes to its row of n8n's de-duplication store, with more and more values in it. */
class RowWriter {
	description = {
		displayName: 'Row Writer',
		name: 'rowWriter',
		group: ['transform'],
		version: 1,
		description: 'Measures the row of a node',
		defaults: { name: 'Row Writer' },
		inputs: ['main'],
		outputs: ['main'],
		properties: [],
	};

	async execute() {
		const write = async (count, maxEntries) => {
			const values = Array.from({ length: count }, randomUUID);
			await this.helpers.checkProcessedAndRecord(values, 'node', { mode: 'entries', maxEntries });
		};
		const json = {};
		let filled = 0;
		for (const size of [20, 1_000, 10_000, 20_000]) {
			await write(size - filled, size);
			filled = size;
			const begun = Date.now();
			for (let count = 0; count < writes; count += 1) await write(20, size);
			json[size] = (Date.now() - begun) / writes;
		}
		return [[{ json }]];
	}
}

module.exports = { RowWriter };
