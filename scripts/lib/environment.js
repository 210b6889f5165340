/**
 * The environment variables that are passed on to n8n. Others are not: one that is meant for another n8n could connect
 * this one to a real database, queue or URL.
 */
const passedOn = new Set([
	...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'GENERIC_TIMEZONE'],
	...['TMPDIR', 'TEMP', 'TMP', 'XDG_CACHE_HOME', 'NODE_COMPILE_CACHE'],
	...['USERPROFILE', 'USERNAME', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA'],
	...['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'NUMBER_OF_PROCESSORS'],
	...['NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
	...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
]);

/** This machine, for which no proxy is used. */
const thisMachine = ['127.0.0.1', 'localhost', '::1'];

/** The environment of an n8n: what is passed on, and its own settings. */
function ownEnvironment(settings, given = process.env) {
	const kept = Object.entries(given).filter(([name]) => passedOn.has(name.toUpperCase()));
	return { ...Object.fromEntries(kept), ...noProxyHere(Object.fromEntries(kept)), ...settings };
}

/** NO_PROXY, in both spellings, with this machine added; nothing without a proxy. */
function noProxyHere(environment) {
	const variables = Object.entries(environment);
	if (!variables.some(([name]) => /^(https?|all)_proxy$/i.test(name))) return {};
	const given = variables.filter(([name]) => /^no_proxy$/i.test(name)).map(([, value]) => value);
	const value = [...given, ...thisMachine].filter(Boolean).join(',');
	return { NO_PROXY: value, no_proxy: value };
}

module.exports = { noProxyHere, ownEnvironment };
