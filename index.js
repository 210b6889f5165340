// n8n finds the nodes and the credential through the "n8n" section of package.json. This file is
// here for tools that load a package by its name.
module.exports = {};
