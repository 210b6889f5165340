import { readFileSync } from 'node:fs';
import path from 'node:path';
import { attacks } from '../../e2e/support/attacks';

it('the page of attacks lists those that are tried, and how they are answered', () => {
	const page = readFileSync(path.join(__dirname, '../../../docs/attacks.md'), 'utf8');
	const rows = [...page.matchAll(/^\| (.+) \| (\d{3})\b.* \|$/gm)];
	expect(rows.map(([, name, status]) => [name, Number(status)])).toEqual(
		attacks.map(({ name, status }) => [name, status]),
	);
});
