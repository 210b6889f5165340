/** A trigger that is active. */
export interface Registered {
	name: string;
	url: string;
	/** The URL's path below n8n's address at the time, without a leading slash. */
	path: string;
}

/** The part of a workflow's global static data that the triggers write and the action reads. */
export interface TriggerStore {
	/** The production URL of the workflow's AlloMia Trigger, of the newest where there are several. */
	alloMiaTrigger?: string;
	/** All of them, by the node's id. */
	alloMiaTriggers?: Record<string, Registered>;
}

/** Whether this very node with this very URL is registered. */
export function isRegistered(store: TriggerStore, nodeId: string, url: string): boolean {
	return store.alloMiaTriggers?.[nodeId]?.url === url;
}

/** @param baseUrl n8n's address: what the URL has beyond it is the trigger's own path */
export function register(
	store: TriggerStore,
	nodeId: string,
	{ name, url, baseUrl }: { name: string; url: string; baseUrl: string },
): void {
	const base = baseUrl.replace(/\/*$/, '/');
	const path = url.startsWith(base) ? url.slice(base.length) : pathOf(url);
	store.alloMiaTriggers = { ...store.alloMiaTriggers, [nodeId]: { name, url, path } };
	store.alloMiaTrigger = url;
}

export function unregister(store: TriggerStore, nodeId: string): void {
	const others = { ...store.alloMiaTriggers };
	delete others[nodeId];
	const newest = Object.values(others).at(-1);
	if (newest) {
		store.alloMiaTriggers = others;
		store.alloMiaTrigger = newest.url;
	} else {
		delete store.alloMiaTriggers;
		delete store.alloMiaTrigger;
	}
}

/** What can be said about the workflow's own triggers. */
export type OwnTrigger =
	| { kind: 'none' }
	/** `path` as in `Registered`. */
	| { kind: 'one'; path: string }
	| { kind: 'several'; names: string[] };

export function ownTrigger(store: TriggerStore): OwnTrigger {
	const entries = Object.values(store.alloMiaTriggers ?? {});
	const [only] = entries;
	if (entries.length > 1) return { kind: 'several', names: entries.map(({ name }) => name) };
	if (only) return { kind: 'one', path: only.path };
	return store.alloMiaTrigger
		? { kind: 'one', path: pathOf(store.alloMiaTrigger) }
		: { kind: 'none' };
}

/**
 * A trigger's URL under the address that n8n has today. n8n does not register triggers anew when it
 * restarts, so the stored address may be an old one.
 * @param path the trigger's own path
 * @param resumeUrl `<base of today>/<waiting endpoint>/<execution id>`, of the execution itself
 */
export function currentUrl(path: string, resumeUrl: string): string {
	const base = segments(resumeUrl).slice(0, -2);
	return [new URL(resumeUrl).origin, ...base, path].join('/');
}

/** `<webhook endpoint>/<webhook id>/<name>`, where nothing is known of the address before it. */
function pathOf(url: string): string {
	return segments(url).slice(-3).join('/');
}

function segments(url: string): string[] {
	return new URL(url).pathname.split('/').filter(Boolean);
}
