export interface DataFolder {
	password: string;
	workflows: Record<string, string>;
	save(): void;
	release(): void;
}

export function openDataFolder(folder: string, options: { fresh: boolean }): DataFolder;
