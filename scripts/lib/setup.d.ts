import type { InstalledN8n } from './n8n';

export function ensureDependencies(root?: string): Promise<void>;
export function ensureN8n(version?: string): Promise<InstalledN8n>;
export function ensureVerdaccio(): Promise<string>;
export function nodesFor(n8nVersion: string): number[];
export function nodePackage(
	machine: {
		platform: string;
		arch: string;
		version: string;
		hasHeaders: boolean;
		isMusl: boolean;
	},
	nodes: number[],
): string | undefined;
