export interface Figure {
	name: string;
	/** Undefined where this system cannot measure it. */
	value: number | undefined;
	/** At most this, or `atLeast` that, or neither. */
	limit?: number;
	atLeast?: number;
	unit?: string;
	detail: string;
}

export function median(figures: number[]): number;
export function memory(pid: number): { now: number; most: number } | undefined;
export function cpuTime(pid: number): number | undefined;
export function cpuTimeOfAll(pid: number): number | undefined;
export function isHeld(figure: Pick<Figure, 'value' | 'limit' | 'atLeast'>): boolean;
export function round(value: number): string;
export function toLine(figure: Figure): string;
export function toTable(figures: Figure[]): string;
