export interface Counts {
	passed: number;
	failed: number;
	skipped: number;
}

export interface JestReport {
	testResults: Array<{
		name: string;
		status: string;
		assertionResults: Array<{ status: string }>;
	}>;
}

export type Tested = Record<
	string,
	Record<string, Counts & { package?: string; source?: string; date?: string }>
>;

export const areas: Record<string, string[]>;
export const elsewhere: string[];
export function countByArea(report: JestReport): Record<string, Counts>;
export function readRecord(): Tested;
export function record(version: string, report: JestReport, source: string): void;
export function compare(a: string, b: string): number;
export const inReadme: RegExp;
export function shown(tested: Tested): string;
export function tableOf(tested: Tested): string;
export function sourceHash(): string;
export function untested(counts: Tested[string] | undefined, source: string): string[];
