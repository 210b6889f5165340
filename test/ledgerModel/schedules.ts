import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kindsOf, Play, type Person, type Schedule } from './play';
import { mostClaimed } from './process';

const scripts = ['taken', 'taken', 'taken', 'taken', 'refused', 'refusedOnce', 'lost'] as const;

/** What is said of an item where the database does not answer. */
const kindsOfFailure = ['uncertain', 'notKnown', 'uncertainKey', 'unknown'];

const anySchedule = {
	seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
	keyed: fc.boolean(),
	old: fc.boolean(),
	lists: fc.integer({ min: 1, max: 3 }),
	people: fc.integer({ min: 1, max: 8 }),
	atOnce: fc.integer({ min: 1, max: 4 }),
	kills: fc.integer({ min: 0, max: 3 }),
	hiccups: fc.integer({ min: 0, max: 2 }),
	changes: fc.boolean(),
	batch: fc.integer({ min: 1, max: 8 }),
	saves: fc.boolean(),
	waits: fc.boolean(),
	stops: fc.integer({ min: 0, max: 2 }),
	stalls: fc.integer({ min: 0, max: 2 }),
	cancels: fc.integer({ min: 0, max: 2 }),
	reading: fc.integer({ min: 0, max: 30 }),
	hours: fc.boolean(),
	unsaved: fc.constantFrom(0, 0, 0.3),
};

/** Plays so many schedules at random, others with each seed. What fails is shrunk, and printed. */
export async function playMany(together: boolean, numRuns: number, seed?: number): Promise<void> {
	const schedule = fc.record({ ...anySchedule, together: fc.constant(together) });
	await fc.assert(fc.asyncProperty(schedule, play), { numRuns, ...(seed ? { seed } : {}) });
}

/**
 * Calls lists in a model of n8n while it is killed and its database fails: nobody is called twice, and
 * few are left alone.
 */
export async function play(schedule: Schedule): Promise<void> {
	const { together, keyed, old, people, kills, hiccups, stalls, cancels } = schedule;
	// Two workers of an old n8n may call the same people for the same, and one may take out the other's marks.
	const lists = old && together ? 1 : schedule.lists;
	const play = new Play(schedule);
	const { world } = play;
	const everybody = Array.from({ length: people }, (_, index): Person => {
		const script = scripts[world.below(scripts.length)] ?? 'taken';
		return { phone: `${index}`, script, ...(keyed ? { key: `key ${index}` } : {}) };
	});
	const span = together && keyed ? 4_000 : 200;
	for (let list = 0; list < lists; list += 1) {
		const length = 1 + world.below(people);
		const picked = Array.from({ length }, () => everybody[world.below(people)] as Person);
		play.start(picked, world.below(span / 2));
	}
	for (let kill = 0; kill < kills; kill += 1) play.killAfter(world.below(span));
	// What is stored could not be read either.
	const isUntold = () => together && hiccups === 0 && world.random() < 0.5;
	for (let cancel = 0; cancel < cancels; cancel += 1) {
		play.cancelAfter(world.below(span), isUntold());
	}
	// A kill while nothing could be written is not covered; keys must hold also then.
	const longest = keyed && kills === 0 ? 8_000 : 250;
	for (let hiccup = 0; hiccup < hiccups; hiccup += 1) play.failAfter(world.below(span), longest);
	// A key is claimed for longer before it counts. A mark is not: a kill soon after a stall is not covered.
	for (let stall = 0; stall < stalls && keyed; stall += 1) {
		play.stallAfter(world.below(span), 900);
	}
	await world.run();

	const { calls, executions } = play;
	const reruns = () => executions.filter(({ mode }) => mode === 'retry').length;
	// Who is given back may have been found already by the re-run. In an old n8n, what a re-run looks for
	// may come back when another process writes, and another re-run finds it. Who is put off makes room for
	// another list before the claim is released.
	const most = () =>
		mostClaimed[together ? 'together' : 'alone'] *
		(schedule.hours ? 2 : 1) *
		(play.kills + play.untold + (old && together ? reruns() : 0));
	assert(executions.every(({ isOver }) => isOver));
	if (keyed) {
		const called = (person: Person) => calls.filter((call) => call.person === person).length;
		assert.deepEqual(
			everybody.filter((person) => called(person) > 1),
			[],
		);
		// What others write late may undo that somebody is about to be called; and a re-run may begin before
		// the stopped one, which another process has, has given back everything.
		const isTold = lists === 1 && hiccups === 0 && !(together && stalls + cancels > 0);
		for (const execution of isTold ? executions : []) {
			const silent = execution.list.filter((person) => {
				const kinds = kindsOf(execution, person);
				return (
					kinds.length > 0 && kinds.every((kind) => kind === 'alreadyCalled') && !called(person)
				);
			});
			assert.deepEqual(silent, [], 'nobody has called, and that is not told');
		}
		play.start(everybody, 5_000);
		await world.run();
		assert.deepEqual(
			everybody.filter((person) => called(person) > 1),
			[],
		);
		// Who had not been called, and could be, has been called now: no key is taken for nothing.
		const isUnharmed = (person: Person) => {
			const said = play.executions.map((execution) => kindsOf(execution, person));
			const before = said.slice(0, -1).flat();
			// It was refused again just now; or a process died while its call was under way, or its key was
			// given back, or n8n lost that it was refused; or a failure of the database was told as what it may mean, in some cases by an
			// attempt that failed for another item, or by one that was stopped: n8n keeps nothing of it.
			return (
				said.at(-1)?.includes('refused') ||
				(play.kills + schedule.unsaved > 0 && person.script === 'refusedOnce') ||
				(hiccups > 0 && before.some((kind) => kindsOfFailure.includes(kind))) ||
				(hiccups > 0 && schedule.stops > 0 && before.includes('alreadyCalled')) ||
				(hiccups > 0 && cancels > 0)
			);
		};
		const left = everybody.filter(
			(person) => called(person) === 0 && person.script !== 'refused' && !isUnharmed(person),
		);
		assert(left.length <= most(), `${left.length} of at most ${most()} are left alone`);
		return;
	}
	let needless = 0;
	for (const execution of executions) {
		const { name, ever, list, isStopped } = execution;
		const called = (person: Person) =>
			calls.filter((call) => call.execution === name && call.person === person).length;
		for (const [person, count] of ever) {
			assert(called(person) <= count, `${person.phone} was called ${called(person)} times`);
		}
		for (const person of isStopped ? [] : new Set(list)) {
			const kinds = kindsOf(execution, person);
			if (person.script === 'refused' || person.script === 'refusedOnce') continue;
			// Of equal ones in a list it is not told which was called.
			needless += Math.max(0, kinds.length - called(person));
			assert(!kinds.includes('refused'), `${person.phone} was refused`);
		}
	}
	// Where the database could not be asked, a re-run calls nobody of whom it does not know; in an old n8n,
	// nobody whom another list may call.
	if (hiccups === 0 && !(old && lists > 1))
		assert(needless <= most(), `${needless} of at most ${most()} are left alone`);
}
