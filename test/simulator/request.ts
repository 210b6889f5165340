import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './access';
import type { World } from './world';

/** A request with its body. */
export interface Incoming {
	method: string;
	/** With the query. */
	path: string;
	pathname: string;
	query: URLSearchParams;
	headers: IncomingHttpHeaders;
	/** Null if it exceeds the limit. */
	body: Buffer | null;
}

/** The arguments of a request handler. */
export interface Context {
	world: World;
	caller: Caller;
	request: Incoming & { body: Buffer };
	/** The variable parts of the path. */
	params: string[];
}
