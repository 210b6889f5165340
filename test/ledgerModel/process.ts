import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import * as agentTool from '../../nodes/shared/n8n/agentTool';
import * as decision from '../../nodes/AlloMia/resources/outboundCall/dispatch/decision';
import type * as ledger from '../../nodes/AlloMia/resources/outboundCall/dispatch/ledger';
import type { Mortal, World } from './world';

const load = createRequire(__filename);

/** Smaller than in truth, so that short lists meet every limit. */
const limits: Record<string, string> = {
	'const few = 5;': 'const few = 2;',
	'? 20 : 10': '? 4 : 2',
	'const keepKeys = 10_000;': 'const keepKeys = 12;',
	'const spare = 1_000;': 'const spare = 80;',
	'<= spare': '<= 3',
	'const fewMarks = 200;': 'const fewMarks = 3;',
	'const slice = 500;': 'const slice = 2;',
};

/** How many calls may be claimed and not yet placed in the model. */
export const mostClaimed = { alone: 4, together: 2 };

const folder = path.join(__dirname, '../../nodes/AlloMia/resources/outboundCall/dispatch');

const names = [
	'deduplicationStore',
	'storedExecution',
	'executionOrigin',
	'callOnceKeys',
	'attemptMarks',
	'claimQueue',
	'ledger',
];

type Factory = (
	exports: object,
	require: (id: string) => unknown,
	date: object,
	math: object,
	registry: unknown,
) => void;

const applied = new Set<string>();

const factories = names.map((name): [string, Factory] => {
	const file = path.join(folder, `${name}.ts`);
	let source = readFileSync(file, 'utf8');
	for (const [truth, smaller] of Object.entries(limits)) {
		if (source.includes(truth)) applied.add(truth);
		source = source.replaceAll(truth, smaller);
	}
	const { outputText } = ts.transpileModule(source, {
		compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
	});

	const parameters = ['exports', 'require', 'Date', 'Math', 'FinalizationRegistry'];
	const factory = new Function(...parameters, outputText);
	return [name, factory as Factory];
});

if (applied.size !== Object.keys(limits).length) {
	throw new Error('A limit that the model makes smaller is written in another way by now');
}

/** A process of n8n's, with the node's modules as it has loaded them. */
export class ModelProcess implements Mortal {
	isDead = false;

	readonly Ledger: typeof ledger.Ledger;

	/** What is to be done once an execution is over, by the object that lives as long. */
	private readonly registered = new Map<object, () => void>();

	constructor(
		private readonly world: World,
		isOld: boolean,
	) {
		const modules: Record<string, object> = {
			agentTool,
			decision,
			'n8n-workflow': {
				N8N_NODES_API_VERSION: isOld ? undefined : 1,
				sleep: async (ms: number) => await world.sleep(ms, this),
			},
		};
		const { registered } = this;
		class Registry {
			constructor(private readonly callback: (held: unknown) => void) {}

			register(target: object, held: unknown): void {
				registered.set(target, () => this.callback(held));
			}
		}
		const date = { now: () => world.now };
		const math = Object.assign(Object.create(Math) as object, { random: () => world.random() });
		const require_ = (id: string): unknown => modules[path.basename(id)] ?? load(id);
		for (const [id, factory] of factories) {
			const exports = {};
			factory(exports, require_, date, math, Registry);
			modules[id] = exports;
		}
		this.Ledger = (modules.ledger as typeof ledger).Ledger;
	}

	/** Lets go of what an execution kept, some time after it is over. */
	collect(lifetime: object): void {
		this.world.after(this.world.below(400), () => this.registered.get(lifetime)?.(), this);
	}
}
