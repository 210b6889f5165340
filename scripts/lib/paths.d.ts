export function gulpFile(): string;
export const projectRoot: string;
export const defaultN8nVersion: string;
export const oldN8nVersion: string;
export function cacheRoot(): string;
