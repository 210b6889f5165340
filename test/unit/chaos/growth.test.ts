import { growthOf, type Sample } from '../../chaos/growth';

/** Twenty measurements of a process, ten seconds apart. */
const life = (pid: number, megabytes: (age: number) => number): Sample[] =>
	Array.from({ length: 20 }, (_, index) => {
		const age = (index + 1) * 10;
		return { part: 'webhook', pid, age, megabytes: megabytes(age) };
	});

const grows = (samples: Sample[]) => growthOf(samples).map((it) => it.grows);

describe('the growth of processes', () => {
	it('is found where they hold more the older they are', () => {
		expect(grows(life(1, (age) => 200 + age))).toEqual([true]);
	});

	it('is found over several of them', () => {
		const samples = [1, 2, 3].flatMap((pid) => life(pid, (age) => 200 + pid + age));
		expect(grows(samples)).toEqual([true]);
	});

	it.each([
		['they hold the same', (age: number) => 200 + (age % 3)],
		['they load much at first', (age: number) => (age < 60 ? age : 200)],
		['one holds much once', (age: number) => (age === 150 ? 2_000 : 200)],
	])('is not found where %s', (_name, megabytes) => {
		expect(grows(life(1, megabytes))).toEqual([false]);
	});

	it('is not spoken of with few measurements', () => {
		expect(growthOf(life(1, (age) => 200 + age).slice(0, 12))).toEqual([]);
	});
});
