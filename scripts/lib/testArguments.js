const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { projectRoot } = require('./paths');
const { UserError } = require('./run');
const tested = require('./testedVersions');

/**
 * Parses the arguments of a test command.
 * @throws UserError for unknown suites or versions, so that a typo is not mistaken for a run that passed
 */
function readArguments(args, { suites, suitesInN8n }) {
	const { values, positionals } = parse(args);
	const { grep, n8n: wanted, record, area: areas } = values;
	if (wanted !== undefined && !/^(\d+\.\d+\.\d+|latest)$/.test(wanted)) {
		throw new UserError('Say which n8n, for example: npm run test:n8n -- 1.123.81 (or latest)');
	}
	if (record && (!wanted || grep)) {
		throw new UserError('--record is for npm run test:n8n, without --grep');
	}
	const isMixed = areas.length > 0 && (!wanted || positionals.length > 0);
	if (isMixed || areas.some((area) => !tested.areas[area])) {
		const names = Object.keys(tested.areas).map((name) => `"${name}"`);
		throw new UserError(
			`--area is for npm run test:n8n without suites. There are ${names.join(', ')}.`,
		);
	}
	const known = wanted ? suitesInN8n : suites;
	const unknown = positionals.find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw new UserError(`"${unknown}" is not a suite. There are ${known.join(', ')}.`);
	}
	const files = areas.flatMap((area) => tested.areas[area]);
	const isOfAreas = (suite) => files.some((file) => fs.existsSync(testFile(suite, file)));
	const isNamed = (suite) => positionals.length === 0 || positionals.includes(suite);
	const chosen = known.filter(files.length > 0 ? isOfAreas : isNamed);
	return { grep, wanted, record, chosen, files };
}

function parse(args) {
	try {
		return parseArgs({
			args,
			allowPositionals: true,
			options: {
				grep: { type: 'string' },
				n8n: { type: 'string' },
				area: { type: 'string', multiple: true, default: [] },
				record: { type: 'boolean', default: false },
			},
		});
	} catch (error) {
		throw new UserError(
			`${error.message}\nFor example: npm test -- e2e --grep "one person", npm run test:n8n -- 1.123.81`,
		);
	}
}

const testFile = (suite, name) => path.join(projectRoot, 'test', suite, `${name}.test.ts`);

module.exports = { readArguments };
