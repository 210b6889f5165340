/** What to do about a failure, by patterns in its output. The first match counts. */
const known = [
	[
		/ENOSPC|SQLITE_FULL|no space left on device|disk is full/i,
		'The disk is full: free some space (n8n needs about 4 GB), then run the command again.',
	],
	[
		/EADDRINUSE|address already in use|port \d+ is already in use/i,
		'A port is in use, perhaps by another n8n: end what uses it, or choose another, for example: npm start -- --port 5680',
	],
	[
		/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i,
		"There is no network, or the npm registry cannot be reached: check the connection (and npm's proxy settings), then run the command again.",
	],
	[
		/EACCES|EPERM|EROFS/,
		'A folder cannot be written: check its owner and rights, then run the command again.',
	],
	[
		/gyp|make|g\+\+|python/i,
		'A native module could not be built: install Python 3, make and a C++ compiler, then run the command again.',
	],
];

/** The advice for an output, or undefined if there is none. */
function adviceFor(text) {
	return known.find(([pattern]) => pattern.test(text))?.[1];
}

module.exports = { adviceFor };
