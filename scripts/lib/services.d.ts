export function findProgram(...names: string[]): string | undefined;
export function findBrowser(): string | undefined;
export function missingFor(suite: string): string[];
export function adviceFor(suite: string, missing: string[]): string;
