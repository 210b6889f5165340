export interface Lock {
	share(pid: number): void;
	release(): void;
}

export function takeLock(file: string): Lock | undefined;

export function holdersOf(file: string): number[];
