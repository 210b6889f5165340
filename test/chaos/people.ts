import { numberEndings } from '../simulator';

/** Area codes of North America: with 700 exchanges each, enough for 28,000 people. */
const areaCodes = [
	...['204', '226', '236', '250', '289', '306', '343', '365', '403', '416', '418', '431', '437'],
	...['438', '450', '506', '514', '519', '548', '579', '581', '587', '604', '613', '639', '647'],
	...['705', '709', '778', '780', '782', '807', '819', '825', '867', '873', '902', '905', '212'],
	'213',
];

const exchanges = 700;

/** How many of a thousand people have a number with that ending; all others answer. */
const shares: Record<keyof typeof numberEndings, number> = {
	...{ '0001': 20, '0002': 20, '0003': 20, '0004': 5 },
	...{ '0005': 10, '0008': 5, '0009': 10, '0010': 10, '0019': 5, '0020': 5 },
	...{ '0011': 4, '0012': 2, '0013': 4, '0014': 4, '0015': 4, '0016': 4, '0018': 10 },
	...{ '0021': 20, '0022': 20, '0023': 20, '0024': 20 },
};

/** Phone numbers of different people, most of whom answer. */
export function* people(random: () => number): Generator<string, never> {
	for (let count = 0; ; count += 1) {
		const area = areaCodes[count % areaCodes.length] as string;
		const exchange = 200 + (Math.floor(count / areaCodes.length) % exchanges);
		// With every number of an area and exchange used once, another ending tells people apart.
		const round = Math.floor(count / areaCodes.length / exchanges);
		const ordinary = String(1000 + round);
		yield `+1${area}${exchange}${round === 0 ? (drawEnding(random) ?? ordinary) : ordinary}`;
	}
}

function drawEnding(random: () => number): string | undefined {
	let left = random() * 1000;
	return Object.entries(shares).find(([, share]) => (left -= share) < 0)?.[0];
}
