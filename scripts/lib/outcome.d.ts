export interface Outcome {
	from: 'trigger' | 'asking';
	event: unknown;
}

export function outcomeByAsking(call: {
	target: { baseUrl: string; apiKey: string };
	id: string;
}): Promise<Outcome>;
