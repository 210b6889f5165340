/** Programs that this suite needs and this machine lacks; scripts/test.js has said how to get them. */
const missing = JSON.parse(process.env.ALLOMIA_MISSING ?? '[]') as string[];

/** `describe` where all is there; otherwise the tests are skipped (a build server has failed before). */
export const describeIfComplete = missing.length > 0 ? describe.skip : describe;
