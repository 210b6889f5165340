const fs = require('node:fs');
const path = require('node:path');
const { projectRoot } = require('./paths');

const folder = path.join(projectRoot, 'examples');

/** The names of all templates, which are those of their files. */
const templateNames = fs
	.readdirSync(folder)
	.flatMap((file) => (file.endsWith('.json') ? [path.basename(file, '.json')] : []))
	.sort();

/** A template, as n8n exports workflows. */
function readTemplate(name) {
	return JSON.parse(fs.readFileSync(path.join(folder, `${name}.json`), 'utf8'));
}

/** A template's nodes with the credential chosen. */
function withCredential({ nodes }, credential) {
	return nodes.map((node) =>
		node.credentials?.alloMiaApi ? { ...node, credentials: { alloMiaApi: credential } } : node,
	);
}

module.exports = { readTemplate, templateNames, withCredential };
