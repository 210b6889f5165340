export function ownEnvironment(
	settings: Record<string, string>,
	given?: Record<string, string | undefined>,
): Record<string, string>;
