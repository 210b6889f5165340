import { config } from '@n8n/node-cli/eslint';

export default [
	...config,
	{ ignores: ['dist', 'coverage', '.n8n-demo'] },
	{
		// Not published: tests, benchmarks and scripts start servers and processes, which the rules for
		// code that runs inside n8n forbid.
		files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
		rules: {
			'@n8n/community-nodes/no-restricted-imports': 'off',
			'@n8n/community-nodes/no-restricted-globals': 'off',
			'@n8n/community-nodes/no-dangerous-functions': 'off',
			'@n8n/community-nodes/no-hardcoded-secrets': 'off',
			'no-console': 'off',
		},
	},
];
