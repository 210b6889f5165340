const fs = require('node:fs');

/** The middle one of some figures. */
function median(figures) {
	const sorted = [...figures].sort((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The CPU time that a process has used so far, in ms, in steps of 10: user and system (Linux:
 * /proc/<pid>/stat). Undefined on systems that have no such file.
 */
function cpuTime(pid) {
	let stat;
	try {
		stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		return undefined;
	}
	// The program's name, in parentheses, may hold blanks: what counts comes after it.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What a process holds now, and held at most, in kB (Linux: /proc/<pid>/status). Undefined on other systems. */
function memory(pid) {
	let status;
	try {
		status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
	} catch {
		return undefined;
	}
	const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
	return { now: of('VmRSS'), most: of('VmHWM') };
}

/** Whether a figure is within its limit; what cannot be measured here breaks none. */
function isHeld({ value, limit = Infinity, atLeast = -Infinity }) {
	return value === undefined || (value <= limit && value >= atLeast);
}

/** One figure of the report, held against its limit, if it has one: `{ name, value, limit or atLeast, detail }`. */
function toLine(figure) {
	const { name, value, limit, atLeast, unit = '', detail } = figure;
	const bounds = [
		...(limit === undefined ? [] : [`at most ${limit}${unit}`]),
		...(atLeast === undefined ? [] : [`at least ${atLeast}${unit}`]),
	];
	const shown = value === undefined ? 'not measured here' : `${round(value)}${unit}`;
	const verdict =
		value === undefined || bounds.length === 0 ? '' : isHeld(figure) ? 'ok' : 'MISSED';
	return `${name.padEnd(52)} ${shown.padStart(9)}  ${bounds.join(', ')}  ${verdict}\n    ${detail}`;
}

function round(value) {
	return value >= 100 ? String(Math.round(value)) : value.toFixed(2);
}

module.exports = { cpuTime, isHeld, median, memory, round, toLine };
