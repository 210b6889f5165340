export function adviceFor(text: string): string | undefined;
