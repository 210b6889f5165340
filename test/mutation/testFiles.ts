import fs from 'node:fs';
import path from 'node:path';

/** The test files of a suite, with their text. */
export const testFiles = (suite: string) =>
	fs
		.readdirSync(path.join(__dirname, '..', suite))
		.filter((name) => name.endsWith('.test.ts'))
		.map((name) => ({ name, file: path.join(__dirname, '..', suite, name) }))
		.map((it) => ({ ...it, text: fs.readFileSync(it.file, 'utf8') }));
