import { growthOf } from './growth';
import type { Chaos } from './run';
import type { Faults } from './judge';

const faultNames: Record<keyof Faults, string> = {
	calledTwice: 'People called twice',
	unaccounted: 'Items without an answer or an error',
	mixedUp: 'Items with the call of somebody else',
	lostResults: 'Results that n8n had taken, and that came out nowhere',
	stuck: 'Executions that did not end',
	lostLists: 'Lists that n8n had accepted, and has no execution of',
	growing: 'Parts of n8n whose processes hold more the older they are',
};

/** How many of what is wrong are listed. */
const shown = 20;

/** The tables of a run, in Markdown. */
export function report({ faults, counts, blows, seconds, evidence }: Chaos): string {
	const total = [...blows.values()].reduce((sum, count) => sum + count, 0);
	const { answers, ...figures } = counts;
	return [
		table('What was done to n8n', [
			...[...blows].sort(([, a], [, b]) => b - a),
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
		table(
			'What the items became',
			Object.entries(answers).sort(([, a], [, b]) => b - a),
		),
		table(
			'Objects in the memory of the processes, MB (young, old)',
			growthOf(evidence.samples).map(({ part, young, old }) => [
				part,
				`${Math.round(young)}, ${Math.round(old)}`,
			]),
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

function table(title: string, rows: Array<[string, number | string]>): string {
	return [
		`| ${title} | |`,
		'| --- | ---: |',
		...rows.map(([name, value]) => `| ${name} | ${value} |`),
	].join('\n');
}
