import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// n8n-core, when it is loaded, looks for its settings in this folder, and makes one where there is none.
const userFolder = mkdtempSync(join(tmpdir(), 'allomia-engine-'));
process.env.N8N_USER_FOLDER = userFolder;
afterAll(() => rmSync(userFolder, { recursive: true, force: true }));
