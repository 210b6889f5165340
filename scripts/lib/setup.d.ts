import type { InstalledN8n } from './n8n';

export function ensureDependencies(root?: string): Promise<void>;
export function ensureN8n(version?: string): Promise<InstalledN8n>;
export function nodePackage(machine: {
	platform: string;
	arch: string;
	version: string;
	hasHeaders: boolean;
	isMusl: boolean;
}): string | undefined;
