import { getCountryCallingCode, type CountryCode } from 'libphonenumber-js/max';
import { readPhoneNumber } from '../../../../nodes/shared/values/phone';
import { toText } from '../../../../nodes/shared/values/strings';
import { examples, ways, type Example, type Way } from '../../support/writings';

/** Countries of all kinds: with numbers of one length and of many, with a prefix and without. */
const others = ['US', 'DE', 'FR', 'GB', 'IN', 'BR', 'CN', 'JP', 'AU', 'IT', 'ES', 'MX'] as const;

type Result = 'dialled' | 'ambiguous' | 'refused' | 'another';

interface Cell {
	way: string;
	from: string;
	results: Record<Result, number>;
}

const cells: Cell[] = [];
const another: string[] = [];

/** What becomes of a writing, and which number goes out where it is another one. */
function read(example: Example, text: string | number, country?: CountryCode): Result {
	const read = readPhoneNumber(toText(text), country);
	if (!read.ok) return read.message.includes('can be read as') ? 'ambiguous' : 'refused';
	if (read.number === example.number) return 'dialled';
	another.push(`${text} (${example.number}, default ${country}): ${read.number}`);
	return 'another';
}

/** The default countries that a way of writing is read with. */
function defaultsOf(from: string, { country, code, dialOut }: Example, way: Way) {
	if (from === 'own') return [country];
	if (from === 'none') return [undefined];
	// A bare 0 before another country's code is what others dial before a number of their own.
	if (way.name.includes('dial-out') && dialOut === '0') return [];
	return others.filter((other) => getCountryCallingCode(other) !== code);
}

beforeAll(() => {
	for (const from of ['own', 'other', 'none']) {
		for (const way of ways) {
			// Without its country's code, a number is one of the default country, whichever that is.
			if (way.isNational && from === 'other') continue;
			const results = { dialled: 0, ambiguous: 0, refused: 0, another: 0 };
			for (const example of examples) {
				for (const country of defaultsOf(from, example, way)) {
					for (const text of way.write(example)) results[read(example, text, country)] += 1;
				}
			}
			cells.push({ way: way.name, from, results });
		}
	}
});

const total = (some: readonly Cell[], result: Result) =>
	some.reduce((sum, { results }) => sum + results[result], 0);

/** The share that is refused of what cannot be mistaken. */
function needless(): number {
	// Without its country's code, nobody knows whose number it is.
	const readable = cells.filter(({ way, from }) => from !== 'none' || !way.startsWith('national'));
	const [dialled, refused] = [total(readable, 'dialled'), total(readable, 'refused')];
	return refused / (dialled + refused);
}

afterAll(() => {
	const line = (...columns: Array<string | number>) =>
		columns.map((it, index) =>
			String(it)[index < 2 ? 'padEnd' : 'padStart'](index === 0 ? 30 : 10),
		);
	const lines = [
		line('writing', 'default', 'dialled', 'ambiguous', 'refused', 'another'),
		...cells.map(({ way, from, results }) => line(way, from, ...Object.values(results))),
	];
	const share = `Refused without need: ${(needless() * 100).toFixed(1)} %`;
	process.stdout.write(`\n${lines.map((it) => it.join('')).join('\n')}\n${share}\n\n`);
});

describe(`the numbers of ${new Set(examples.map(({ country }) => country)).size} countries`, () => {
	it('are never read as another number, however they are written', () => {
		expect(another).toEqual([]);
		expect(total(cells, 'dialled')).toBeGreaterThan(100_000);
	});

	it('are not refused without need', () => {
		expect(needless()).toBeLessThan(0.03);
	});

	it.each(['own', 'other', 'none'])('are dialled as people write them (default: %s)', (from) => {
		const withPlus = cells.filter((cell) => cell.from === from && cell.way.startsWith('with +'));
		expect(total(withPlus, 'refused')).toBe(0);
	});
});
