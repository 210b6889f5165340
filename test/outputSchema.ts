/** A JSON schema, as n8n keeps them for the output of its own nodes. */
export interface Schema {
	type: string;
	properties?: Record<string, Schema>;
	items?: Schema;
}

/** The schema of a value: which fields it has, and their types. */
export function schemaOf(value: unknown): Schema {
	if (Array.isArray(value)) {
		const [first] = value;
		return { type: 'array', ...(first === undefined ? {} : { items: schemaOf(first) }) };
	}
	// AlloMia's fields that may be null are text.
	if (value === null) return { type: 'string' };
	if (typeof value !== 'object') return { type: typeof value };
	const properties = Object.entries(value).map(([name, field]) => [name, schemaOf(field)]);
	return { type: 'object', properties: Object.fromEntries(properties) as Schema['properties'] };
}
