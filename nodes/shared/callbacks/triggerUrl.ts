/** The form of a trigger's custom path: only characters that need no encoding in a URL. */
const plainPath = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.~-]+(?:\/[\w.~-]+)*$/;

/**
 * The path of an AlloMia Trigger below n8n's webhook URL. It depends on the workflow and the trigger's
 * parameters only, so that the node that places a call can build it in any process.
 * @param customPath the trigger's option Path; empty for the default
 * @returns undefined if the option is invalid
 */
export function triggerPath(customPath: unknown, workflowId: string): string | undefined {
	const text = typeof customPath === 'string' ? customPath.trim() : '';
	const path = (text || `allomia/${workflowId}`).replace(/^\/|\/$/g, '');
	return plainPath.test(path) ? path : undefined;
}

/** `triggerPath` as the expression that n8n evaluates when it registers the trigger; n8n trims outer slashes. */
export const triggerPathExpression =
	'={{ String($parameter["options"]["path"] || "").trim() || "allomia/" + $workflow.id }}';

/** What is allowed in a custom path, as the predicate of a sentence. */
export const pathRule =
	'may contain unaccented letters, digits, ".", "-", "_", "~", and "/" between them, such as clinic/outcomes; no segment may be "." or ".."';

/**
 * The production URL of a webhook.
 * @param resumeUrl the URL of the running execution, `<n8n>/webhook-waiting/<id>?…`
 * @returns undefined if n8n's webhook endpoints are renamed, as their names are not known then
 */
export function webhookUrl(resumeUrl: string, path: string): string | undefined {
	const { origin, pathname } = new URL(resumeUrl);
	const base = /^(.*)\/webhook-waiting\/[^/]+\/?$/.exec(pathname)?.[1];
	return base === undefined ? undefined : `${origin}${base}/webhook/${path}`;
}
