const path = require('node:path');

/** What all suites share. Types are checked by the build; here they are only stripped. */
const shared = {
	testEnvironment: 'node',
	transform: {
		'\\.[jt]s$': [
			'ts-jest',
			{
				tsconfig: {
					isolatedModules: true,
					allowJs: true,
					module: 'commonjs',
					target: 'es2022',
					esModuleInterop: true,
					resolveJsonModule: true,
				},
			},
		],
	},
	// These two come as ES modules only.
	transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue)/)'],
	modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.n8n-demo/'],
};

const suite = (name, options = {}) => ({
	...shared,
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	...options,
});

/**
 * n8n's engine runs inside the workflow tests. It, the nodes and the tests must share one
 * n8n-workflow, the one that was installed with it: n8n knows errors by their class.
 */
const installedN8n = () => {
	const { home } = JSON.parse(process.env.ALLOMIA_N8N ?? '{}');
	if (home === undefined) return {};
	const modules = path.join(home, 'node_modules');
	return {
		moduleNameMapper: {
			'^(n8n-workflow|n8n-core|@n8n/di|@n8n/backend-common)$': `${modules}/$1`,
			'^(n8n-nodes-base/dist/.+)$': `${modules}/$1`,
		},
	};
};

module.exports = {
	projects: [
		suite('unit'),
		suite('workflow', installedN8n()),
		suite('e2e'),
		suite('editor'),
		suite('queue'),
	],
	testSequencer: '<rootDir>/test/slowestFirst.js',
	// Long enough for any machine: what must be quick is measured in the test itself.
	testTimeout: 300_000,
};
