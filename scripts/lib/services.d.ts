export function findProgram(name: string): string | undefined;
export function missingServices(): string[];
export function servicesAdvice(missing: string[]): string;
