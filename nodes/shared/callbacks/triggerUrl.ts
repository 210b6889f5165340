/** What a trigger's own path may look like: it must survive in an address as it is. */
const plainPath = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.~-]+(?:\/[\w.~-]+)*$/;

/**
 * The path that an AlloMia Trigger listens at, below n8n's webhook address. It follows from the
 * workflow and the trigger's parameters alone, so the node that places a call finds it in any process.
 * @param ownPath the trigger's option Path: empty for the usual path
 * @returns undefined where the option cannot be used
 */
export function triggerPath(ownPath: unknown, workflowId: string): string | undefined {
	const text = typeof ownPath === 'string' ? ownPath.trim() : '';
	const path = (text || `allomia/${workflowId}`).replace(/^\/|\/$/g, '');
	return plainPath.test(path) ? path : undefined;
}

/** The same as n8n evaluates it when it registers the trigger. It drops outer slashes by itself. */
export const triggerPathExpression =
	'={{ String($parameter["options"]["path"] || "").trim() || "allomia/" + $workflow.id }}';

export const pathRule =
	'may hold letters without accents, digits, ".", "-", "_", "~", and "/" between them, such as clinic/outcomes, but no "." or ".." alone between two "/"';

/**
 * A webhook's production address, under the address that n8n has today.
 * @param resumeUrl the running execution's own, `<address>/webhook-waiting/<id>?…`
 * @returns undefined where n8n's webhook endpoints are renamed: nothing then says what they are
 */
export function webhookUrl(resumeUrl: string, path: string): string | undefined {
	const { origin, pathname } = new URL(resumeUrl);
	const base = /^(.*)\/webhook-waiting\/[^/]+\/?$/.exec(pathname)?.[1];
	return base === undefined ? undefined : `${origin}${base}/webhook/${path}`;
}
