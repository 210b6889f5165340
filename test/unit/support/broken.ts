/** A connection that broke. */
export const broken = (code?: string) => ({
	code,
	message: 'detail',
	isBeforeRequest: false,
	isConnected: false,
});
