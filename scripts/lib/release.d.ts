export const documentTests: string;
export const installTests: string[];
export function recordFaults(untested: Record<string, string[]>): string[];
export function releaseFaults(files: {
	manifest: { version: string };
	lock: { version: string; packages?: Record<string, { version?: string }> };
	changelog: string;
	tag?: string;
}): string[];
