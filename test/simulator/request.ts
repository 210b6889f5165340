import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './access';
import type { World } from './world';

/** A request that has been read. */
export interface Incoming {
	method: string;
	/** With the query. */
	path: string;
	pathname: string;
	query: URLSearchParams;
	headers: IncomingHttpHeaders;
	/** Null when it exceeded the limit. */
	body: Buffer | null;
}

/** What a handler gets. */
export interface Context {
	world: World;
	caller: Caller;
	request: Incoming & { body: Buffer };
	/** The variable parts of the path. */
	params: string[];
}
