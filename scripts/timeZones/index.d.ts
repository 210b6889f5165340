declare const table: { zones: string; lists: string; prefixes: string };
export = table;
