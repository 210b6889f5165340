import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Site } from '../../e2e/support/internet';

export const registryHost = 'registry.npmjs.org';

const name = 'n8n-nodes-allomia';

/**
 * What npm's registry would answer about this package. n8n takes another registry only with a licence, so
 * this one stands in for it under its own name.
 */
export class Registry {
	private readonly releases = new Map<string, Buffer>();

	/** @param folder where tarballs are made */
	constructor(
		private readonly tarball: string,
		private readonly folder: string,
	) {}

	/** Publishes the package under test with this version. */
	publish(version: string): void {
		const folder = path.join(this.folder, version);
		fs.mkdirSync(folder);
		execFileSync('tar', ['-xzf', this.tarball, '-C', folder]);
		const file = path.join(folder, 'package', 'package.json');
		const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
		fs.writeFileSync(file, JSON.stringify({ ...manifest, version }));
		const packed = path.join(this.folder, `${version}.tgz`);
		execFileSync('tar', ['-czf', packed, '-C', folder, 'package']);
		this.releases.set(version, fs.readFileSync(packed));
	}

	readonly site: Site = (req, res) => {
		const [, subject, detail, file] = new URL(req.url ?? '', 'https://x').pathname.split('/');
		const release = this.releases.get(/-([\d.]+)\.tgz$/.exec(file ?? '')?.[1] ?? '');
		const known = Object.fromEntries(
			[...this.releases].map(([version]) => [version, this.describe(version)]),
		);
		const latest = [...this.releases.keys()].at(-1) ?? '';
		const answer = (value: unknown) =>
			void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
		if (subject !== name) res.writeHead(404).end('{}');
		else if (release) res.writeHead(200).end(release);
		else if (detail === undefined) answer({ name, 'dist-tags': { latest }, versions: known });
		else answer(known[detail === 'latest' ? latest : detail] ?? {});
	};

	private describe(version: string) {
		const release = this.releases.get(version) ?? Buffer.alloc(0);
		const digest = (algorithm: string) => createHash(algorithm).update(release);
		return {
			name,
			version,
			dist: {
				tarball: `https://${registryHost}/${name}/-/${name}-${version}.tgz`,
				shasum: digest('sha1').digest('hex'),
				integrity: `sha512-${digest('sha512').digest('base64')}`,
			},
		};
	}
}
