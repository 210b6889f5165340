import { readPathId, readUuid } from '../../../../nodes/shared/api/ids';
import type { ValidationIssue } from '../../../../nodes/shared/values/validation';

function read(value: unknown) {
	const issues: ValidationIssue[] = [];
	const id = readPathId('Organization', value, issues);
	return { id, issues };
}

describe('an ID that goes into an address', () => {
	it.each([
		['a UUID', '20000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001'],
		['another form', 'org_42', 'org_42'],
		['a number', 42, '42'],
		['what was pasted around it', '\u200B org_42\n', 'org_42'],
		['a choice from the list', { __rl: true, mode: 'list', value: 'org_42' }, 'org_42'],
		[
			'a page of AlloMia’s',
			' https://app.allomia.com/org/20000000-0000-4000-8000-00000000000A/calls?page=2#top',
			'20000000-0000-4000-8000-00000000000a',
		],
		['an ID by hand', { __rl: true, mode: 'id', value: ' org_42 ' }, 'org_42'],
	])('is taken: %s', (_, value, id) => {
		expect(read(value)).toEqual({ id, issues: [] });
	});

	it.each([
		['nothing', ''],
		['undefined', undefined],
		['null', null],
		['blanks', ' \n'],
		['an empty choice', { __rl: true, mode: 'list', value: '' }],
		['a dot', '.'],
		['two dots', '..'],
		['a way out', '../outbound'],
		['a slash at its end', 'org_42/'],
		['a backslash', '..\\outbound'],
		['a control character', 'org\u0000_42'],
		['a newline inside', 'org\n42'],
		['half a character', 'org\uD800'],
		['an address', 'https://allomia.com/api/organization/org_42'],
		['a page without an ID', 'https://allomia.com/settings'],
		[
			'a page with two IDs',
			'https://allomia.com/20000000-0000-4000-8000-000000000001/20000000-0000-4000-8000-000000000002',
		],
		['a page that is not AlloMia’s', 'https://notallomia.com/20000000-0000-4000-8000-000000000001'],
		['a novel', 'x'.repeat(5000)],
		['a list', ['org_42']],
	])('is refused by the name of its field: %s', (_, value) => {
		const { issues } = read(value);
		expect(issues).toHaveLength(1);
		expect(issues[0]?.field).toBe('Organization');
		expect(issues[0]?.message.length).toBeLessThan(200);
	});
});

describe('an AlloMia ID', () => {
	const assistant = 'a1b2c3d4-e5f6-7890-abcd-123456789012';
	const readAssistant = (value: unknown) => {
		const issues: ValidationIssue[] = [];
		return { id: readUuid('Assistant ID', value, issues), issues: issues.length };
	};

	it.each([
		['by itself', assistant],
		[
			'as the address of its page',
			`https://app.allomia.com/assistants/${assistant}/edit?tab=voice`,
		],
	])('is taken %s', (_, value) => {
		expect(readAssistant(value)).toEqual({ id: assistant, issues: 0 });
	});

	it.each([
		['of another service', `https://example.com/assistants/${assistant}`],
		['of a page about something else', 'https://app.allomia.com/assistants'],
		['with a longer ID', `https://app.allomia.com/assistants/${assistant}0`],
	])('is not taken from an address %s', (_, value) => {
		expect(readAssistant(value).issues).toBe(1);
	});
});
