export interface TestArguments {
	grep?: string;
	/** The version of n8n, or "latest". */
	wanted?: string;
	record: boolean;
	/** The suites, and of which files; all of them where there are none. */
	chosen: string[];
	files: string[];
}

export function readArguments(
	args: string[],
	known: { suites: string[]; suitesInN8n: string[] },
): TestArguments;
