import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The rows of the tables that stand right behind a comment such as `<!-- parameters: trigger -->`. */
export function tables(kind: string, text: string): Array<{ subject: string; rows: string[][] }> {
	const marked = new RegExp(`<!-- ${kind}:? ?(.*?)-->\\n((?:\\|.*\\n)+)`, 'g');
	return [...text.matchAll(marked)].map(([, subject = '', table = '']) => ({
		subject: subject.trim(),
		rows: table
			.trim()
			.split('\n')
			.slice(2)
			.map((row) =>
				row
					.slice(1, -1)
					.split('|')
					.map((cell) => cell.trim()),
			),
	}));
}

/** A row of docs/errors.md. */
export interface ErrorRow {
	/** The message as the row shows it, `…` standing for what differs. */
	shown: string;
	pattern: RegExp;
	/** Whether somebody may have been called for the item. */
	mayHaveCalled: boolean;
}

export function errorRows(): ErrorRow[] {
	const text = readFileSync(path.join(__dirname, '..', 'docs', 'errors.md'), 'utf8');
	return tables('errors', text)
		.flatMap(({ rows }) => rows)
		.map(([message = '', , , called = '']) => {
			const shown = /`([^`]+)`/.exec(message)?.[1] ?? '';
			const escaped = shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/…/g, '[^]*');
			return {
				shown,
				pattern: new RegExp(`^${escaped}$`),
				mayHaveCalled: called.includes('Perhaps'),
			};
		});
}
