import { spawnSync } from 'node:child_process';
import {
	cpuTime,
	cpuTimeOfAll,
	isHeld,
	median,
	memory,
	toLine,
	toTable,
} from '../../../bench/measure';

describe('the figures of the benchmarks', () => {
	it.each([
		[[3, 1, 2], 2],
		[[4, 1, 3, 2], 2.5],
		[[7], 7],
	])('%j have the median %d', (figures, expected) => {
		expect(median(figures)).toBe(expected);
	});

	it('count the CPU that this process has used, or say that it cannot be known', () => {
		const own = cpuTime(process.pid);
		if (process.platform !== 'linux') return expect(own).toBeUndefined();
		const { user, system } = process.cpuUsage();
		expect(Math.abs(Number(own) - (user + system) / 1000)).toBeLessThan(500);
		expect(cpuTime(0)).toBeUndefined();
	});

	it('count what its children have used as well', () => {
		const before = cpuTimeOfAll(process.pid);
		const busy = 'const end = Date.now() + 300; while (Date.now() < end);';
		spawnSync(process.execPath, ['-e', busy]);
		if (process.platform !== 'linux') return expect(before).toBeUndefined();
		const [all, own] = [cpuTimeOfAll(process.pid), cpuTime(process.pid)];
		expect(Number(all) - Number(before)).toBeGreaterThan(100);
		expect(Number(all)).toBeGreaterThan(Number(own));
	});

	it('say what this process holds, and held at most, or that it cannot be known', () => {
		const own = memory(process.pid);
		if (process.platform !== 'linux') return expect(own).toBeUndefined();
		expect(Math.abs(Number(own?.now) * 1024 - process.memoryUsage.rss())).toBeLessThan(50e6);
		expect(Number(own?.most)).toBeGreaterThanOrEqual(Number(own?.now));
		expect(memory(0)).toBeUndefined();
	});

	it('say whether a limit was held', () => {
		const figure = { name: 'Time', limit: 0.8, detail: 'medians' };
		expect(toLine({ ...figure, value: 0.8 })).toMatch(/0\.80 {2}at most 0\.8 {2}ok\n {4}medians/);
		expect(toLine({ ...figure, value: 0.81 })).toContain('MISSED');
		const ratio = { name: 'Events', atLeast: 0.95, detail: '', unit: ' x' };
		expect(toLine({ ...ratio, value: 0.95 })).toMatch(/0\.95 x {2}at least 0\.95 x {2}ok/);
		expect(toLine({ ...ratio, value: 0.94 })).toContain('MISSED');
		expect(isHeld({ ...ratio, value: 0.94 })).toBe(false);
		expect(toLine({ name: 'Time', detail: '', value: 7 })).not.toMatch(/ok|MISSED|at most/);
		expect(toLine({ ...figure, value: undefined })).toMatch(/not measured here(?!.*ok)/);
	});

	it('stand in a table, which says what missed its limit', () => {
		const figure = { name: 'Time', limit: 0.8, detail: 'medians' };
		const [, , held, missed] = toTable([
			{ ...figure, value: 0.8 },
			{ ...figure, value: 0.81 },
		]).split('\n');
		expect(held).toBe('| Time | 0.80 | at most 0.8 | medians |');
		expect(missed).toBe('| Time | 0.81 | at most 0.8: **missed** | medians |');
	});
});
