import { authenticate } from './access';
import { ApiError, json, type ApiResponse } from './responses';
import { getCall, listCalls } from './callLog';
import {
	createOrganization,
	getOrganization,
	listOrganizations,
	updateMetadata,
	updateOrganization,
} from './organizations';
import { createOutboundCall, getOutboundStatus } from './outbound';
import type { Context, Incoming } from './request';
import type { World } from './world';

interface Route {
	method: string;
	path: RegExp;
	handle: (context: Context) => ApiResponse | Promise<ApiResponse>;
}

const routes: Route[] = [
	{ method: 'POST', path: /^\/api\/outbound$/, handle: createOutboundCall },
	{ method: 'GET', path: /^\/api\/outbound\/([^/]+)\/status$/, handle: getOutboundStatus },
	{ method: 'GET', path: /^\/api\/calls$/, handle: listCalls },
	{ method: 'GET', path: /^\/api\/calls\/([^/]+)$/, handle: getCall },
	{ method: 'GET', path: /^\/api\/organization$/, handle: listOrganizations },
	{ method: 'POST', path: /^\/api\/organization$/, handle: createOrganization },
	{ method: 'GET', path: /^\/api\/organization\/([^/]+)$/, handle: getOrganization },
	{ method: 'PUT', path: /^\/api\/organization\/([^/]+)$/, handle: updateOrganization },
	{ method: 'PUT', path: /^\/api\/organization\/([^/]+)\/metadata$/, handle: updateMetadata },
];

/** Handles a request to the API. */
export async function handleApi(world: World, request: Incoming): Promise<ApiResponse> {
	if (!request.pathname.startsWith('/api/')) return json(404, { error: 'Not found' });
	const caller = authenticate(request.headers.authorization);
	const here = routes.filter(({ path }) => path.test(request.pathname));
	if (here.length === 0) throw new ApiError(404, { error: 'Not found' });
	const route = here.find(({ method }) => method === request.method);
	if (!route) {
		const allow = here.map(({ method }) => method).join(', ');
		throw new ApiError(405, { error: 'Method not allowed' }, { allow });
	}
	const { body } = request;
	if (body === null) throw new ApiError(413, { error: 'Request body too large' });
	const params = route.path.exec(request.pathname)?.slice(1) ?? [];
	return await route.handle({ world, caller, request: { ...request, body }, params });
}
