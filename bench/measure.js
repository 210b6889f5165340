const fs = require('node:fs');
const { setTimeout: delay } = require('node:timers/promises');

/** The middle one of some figures. */
function median(figures) {
	const sorted = [...figures].sort((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What Linux tells of a process. Undefined on other systems, and of one that has ended. */
function readProc(pid, file) {
	try {
		return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
	} catch {
		return undefined;
	}
}

/** The CPU times of a process in ms, in steps of 10: user, system, and both of its children that have ended. */
function cpuTimes(pid) {
	const stat = readProc(pid, 'stat');
	// The program's name, in parentheses, may hold blanks: what counts comes after it.
	const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields?.slice(11, 15).map((ticks) => Number(ticks) * 10);
}

const sum = (figures) => figures.reduce((total, it) => total + it, 0);

/** The CPU time that a process has used so far, in ms. Undefined on systems that do not tell. */
function cpuTime(pid) {
	const times = cpuTimes(pid);
	return times && sum(times.slice(0, 2));
}

/** The same of a process and of all that it has started. */
function cpuTimeOfAll(pid) {
	const times = cpuTimes(pid);
	const children = readProc(pid, `task/${pid}/children`)?.split(' ').filter(Boolean) ?? [];
	return times && sum([...times, ...children.map((child) => cpuTimeOfAll(child) ?? 0)]);
}

/** What a process holds now, and held at most, in kB. Undefined on systems that do not tell. */
function memory(pid) {
	const status = readProc(pid, 'status');
	if (status === undefined) return undefined;
	const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
	return { now: of('VmRSS'), most: of('VmHWM') };
}

/** Lets what a process held at most begin anew (Linux). */
function forgetMost(pid) {
	try {
		fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
	} catch {
		// This system does not tell what it held either.
	}
}

/** Waits until a process uses little of the CPU, for a minute at most: it may tidy up after an answer. */
async function quiet(pid) {
	for (let before = cpuTime(pid), count = 0; before !== undefined && count < 60; count += 1) {
		await delay(1_000);
		const now = cpuTime(pid);
		if (now - before < 100) return;
		before = now;
	}
}

/** Whether a figure is within its limit; what cannot be measured here breaks none. */
function isHeld({ value, limit = Infinity, atLeast = -Infinity }) {
	return value === undefined || (value <= limit && value >= atLeast);
}

/** A figure's value, and its limit, if it has one. */
function toTexts({ value, limit, atLeast, unit = '' }) {
	const bounds = [
		...(limit === undefined ? [] : [`at most ${limit}${unit}`]),
		...(atLeast === undefined ? [] : [`at least ${atLeast}${unit}`]),
	];
	const shown = value === undefined ? 'not measured here' : `${round(value)}${unit}`;
	return { shown, bounds: bounds.join(', ') };
}

/** One figure of the report, held against its limit, if it has one: `{ name, value, limit or atLeast, detail }`. */
function toLine(figure) {
	const { name, value, detail } = figure;
	const { shown, bounds } = toTexts(figure);
	const verdict = value === undefined || bounds === '' ? '' : isHeld(figure) ? 'ok' : 'MISSED';
	return `${name.padEnd(52)} ${shown.padStart(9)}  ${bounds}  ${verdict}\n    ${detail}`;
}

/** A table of figures in Markdown; those that missed their limit say so. */
function toTable(figures) {
	const rows = figures.map((figure) => {
		const { shown, bounds } = toTexts(figure);
		const limit = isHeld(figure) ? bounds : `${bounds}: **missed**`;
		return `| ${figure.name} | ${shown} | ${limit} | ${figure.detail} |`;
	});
	return ['| Figure | Value | Limit | |', '| --- | ---: | --- | --- |', ...rows].join('\n');
}

function round(value) {
	return value >= 100 ? String(Math.round(value)) : value.toFixed(2);
}

module.exports = {
	cpuTime,
	cpuTimeOfAll,
	forgetMost,
	isHeld,
	median,
	memory,
	quiet,
	round,
	toLine,
	toTable,
};
