export interface Profile {
	nodes: Array<{
		id: number;
		callFrame: { functionName: string; url: string };
		children?: number[];
	}>;
	samples: number[];
	/** In microseconds. */
	timeDeltas: number[];
}

export function sharesOf(profile: Profile): Array<{ place: string; share: number; time: number }>;
