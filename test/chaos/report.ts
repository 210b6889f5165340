import { parts, type Part } from '../queue/support/cluster';
import { growthOf, type Sample } from './growth';
import { blowNames } from './havoc';
import type { Chaos } from './run';
import type { Faults, Verdict } from './judge';

const faultNames: Record<keyof Faults, string> = {
	calledTwice: 'People called twice',
	calledOutsideHours: 'People called outside of their hours',
	tooManyAtOnce: 'Lists with more calls at once than allowed',
	unaccounted: 'Items without an answer or an error',
	mixedUp: 'Items with the call of somebody else',
	untrue: 'Items that do not say what was the case',
	lostResults: 'Results that n8n had taken, and that came out nowhere',
	refusedResults: 'Results that were refused as if they were forged',
	stuck: 'Executions that did not end',
	lostLists: 'Lists that n8n had accepted, and has no execution of',
	growing: 'Parts of n8n whose processes hold more the older they are',
	untried: 'What has to happen in a run, and has not',
};

/** How many of what is wrong are listed. */
const shown = 20;

/** The tables of a run, in Markdown. */
export function report({ blows, seconds, evidence }: Chaos, { faults, counts }: Verdict): string {
	const total = [...blows.values()].reduce((sum, count) => sum + count, 0);
	const { answers, callbacks, discards, ...figures } = counts;
	return [
		table('What was done to n8n', [
			...blowNames
				.map((name): [string, number] => [name, blows.get(name) ?? 0])
				.sort(([, a], [, b]) => b - a),
			['**Kills, cuts and stalls**', total],
		]),
		table('What came of it', [
			['Minutes', Math.round(seconds / 6) / 10],
			['Executions that were sent a list', figures.lists],
			['Their items', figures.items],
			['Calls placed', figures.calls],
			['Executions run again', figures.reruns],
			['Results taken by n8n', figures.results],
			['Results that a trigger emitted twice', figures.repeatedResults],
			['People not called, whom an error names', figures.leftAlone],
			['Items in executions whose data n8n has discarded', figures.discardedItems],
			['Of these, people called', figures.discardedCalls],
			['Results in executions whose data n8n has discarded', figures.discardedResults],
			...Object.entries(faultNames).map(([name, text]): [string, string] => [
				text,
				`**${faults[name as keyof Faults].length}**`,
			]),
		]),
		table('What the items became', byCount(answers)),
		table('What n8n answered to the callbacks', byCount(callbacks)),
		table('Why n8n discarded the data of executions', byCount(discards)),
		table(
			'Objects in the memory of the processes, MB (young, old)',
			parts.map((part) => [part, memoryOf(part, evidence.samples)]),
		),
		...Object.entries(faultNames).flatMap(([name, text]) => {
			const found = faults[name as keyof Faults];
			return found.length === 0
				? []
				: [
						`${text}:\n${found
							.slice(0, shown)
							.map((it) => `- ${it}`)
							.join('\n')}`,
					];
		}),
	].join('\n\n');
}

const byCount = (counts: Record<string, number>) =>
	Object.entries(counts).sort(([, a], [, b]) => b - a);

function memoryOf(part: Part, samples: Sample[]): string {
	const growth = growthOf(samples).find((it) => it.part === part);
	return growth
		? `${Math.round(growth.young)}, ${Math.round(growth.old)}`
		: 'too few processes lived for a minute';
}

function table(title: string, rows: Array<[string, number | string]>): string {
	return [
		`| ${title} | |`,
		'| --- | ---: |',
		...rows.map(([name, value]) => `| ${name} | ${value} |`),
	].join('\n');
}
