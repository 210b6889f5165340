export const documentTests: string;
export const installTests: string[];
export function releaseFaults(files: {
	manifest: { version: string };
	lock: { version: string; packages?: Record<string, { version?: string }> };
	changelog: string;
	tag?: string;
	untested: Record<string, string[]>;
}): string[];
