import type { Lock } from './lock';

export interface DataFolder extends Lock {
	password: string;
	workflows: Record<string, string>;
	save(): void;
}

export function openDataFolder(
	folder: string,
	options: { fresh: boolean; before?: () => Promise<void> },
): Promise<DataFolder>;
