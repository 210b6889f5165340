/** What all suites share. Types are checked by the build; here they are only stripped. */
const shared = {
	testEnvironment: 'node',
	// The suites have a temporary folder of their own, which is thrown away.
	cacheDirectory: '<rootDir>/node_modules/.cache/jest',
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
	modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.n8n-demo/', '<rootDir>/.stryker-tmp/'],
};

const suite = (name) => ({
	...shared,
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

module.exports = {
	projects: ['unit', 'workflow', 'e2e', 'editor', 'queue'].map(suite),
	testSequencer: '<rootDir>/test/slowestFirst.js',
	// Long enough for any machine: what must be quick is measured in the test itself.
	testTimeout: 300_000,
};
