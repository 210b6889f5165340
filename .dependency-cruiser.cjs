const resources = '^nodes/AlloMia/resources';
const outboundCall = `${resources}/outboundCall`;

/** What each room may import: itself, and the rooms below it. */
const layers = [
	{ room: '^nodes/shared/values/', below: [] },
	{ room: '^nodes/shared/api/', below: ['^nodes/shared/values/'] },
	{ room: '^nodes/shared/n8n/', below: ['^nodes/shared/(api|values)/'] },
	{ room: '^nodes/shared/callbacks/', below: ['^nodes/shared/(api|values)/'] },
	{ room: `${resources}/[^/]+\\.ts$`, below: ['^nodes/shared/'], except: 'index\\.ts$' },
	...['call', 'organization', 'outboundCall'].map((name) => ({
		room: `${resources}/${name}/`,
		below: ['^nodes/shared/', `${resources}/[^/]+\\.ts$`, '^scripts/timeZones/'],
	})),
	{ room: `${outboundCall}/hours/`, below: ['^nodes/shared/', '^scripts/timeZones/'] },
	{
		room: `${outboundCall}/dispatch/`,
		below: ['^nodes/shared/', `${resources}/[^/]+\\.ts$`, `${outboundCall}/hours/`],
	},
	{
		room: `${outboundCall}/callback/`,
		below: ['^nodes/shared/', `${resources}/[^/]+\\.ts$`, `${outboundCall}/dispatch/`],
	},
	{
		room: `${outboundCall}/waiting/`,
		below: ['^nodes/shared/', `${resources}/[^/]+\\.ts$`, `${outboundCall}/(dispatch|callback)/`],
	},
	{ room: '^nodes/AlloMia/', below: ['^nodes/shared/', '^scripts/timeZones/'] },
	{ room: '^nodes/AlloMiaTrigger/', below: ['^nodes/shared/'] },
	{ room: '^credentials/', below: ['^nodes/shared/(api|values)/'] },
];

/** How imports run through the published code: see docs/architecture.md. Checked by `npm run lint`. */
module.exports = {
	forbidden: [
		{
			name: 'no-cycles',
			severity: 'error',
			comment: 'Move what both files need into a file of its own, in a room below them.',
			from: {},
			to: { circular: true },
		},
		{
			name: 'no-unused-files',
			severity: 'error',
			comment: 'No node or credential uses this file: delete it.',
			from: { path: '^nodes/[^/]+/[^/]+\\.node\\.ts$|^credentials/' },
			to: { path: '^nodes/', pathNot: '\\.node\\.ts$', reachable: false },
		},
		...layers.map(({ room, below, except }) => ({
			name: `only-downwards-from ${room}`,
			severity: 'error',
			comment: 'Imports go one way: node → resource → shared (callbacks, n8n → api → values).',
			from: { path: room, ...(except ? { pathNot: except } : {}) },
			to: { path: '^(nodes|credentials|test|scripts|bench)/', pathNot: [room, ...below] },
		})),
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		tsConfig: { fileName: 'tsconfig.json' },
		// Imports of types count as well.
		tsPreCompilationDeps: true,
	},
};
