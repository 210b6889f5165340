import { missingFor } from '../../../scripts/lib/services';

/**
 * `describe` where all is there that the suite needs; otherwise its tests are skipped: scripts/test.js
 * has said how to get it, and fails on a build server.
 */
export const describeIfComplete = (suite: string) =>
	missingFor(suite).length > 0 ? describe.skip : describe;
