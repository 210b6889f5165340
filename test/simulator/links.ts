import { createHmac, randomBytes } from 'node:crypto';

import { linkLifetimeMs } from './constants';

/** Signs and verifies links to files, without storing them. */
export class LinkSigner {
	private readonly secret = randomBytes(32);
	private generation = 0;

	/** A signed path to a file, valid for an hour. */
	sign(path: string): string {
		const query = new URLSearchParams({
			expires: String(Date.now() + linkLifetimeMs),
			generation: String(this.generation),
			nonce: randomBytes(8).toString('hex'),
		});
		return `${path}?${query}&signature=${this.signature(path, query)}`;
	}

	/** Why a link is invalid, if it is. */
	fault(path: string, query: URLSearchParams): 'expired' | 'forged' | undefined {
		const signed = new URLSearchParams(query);
		signed.delete('signature');
		if (query.get('signature') !== this.signature(path, signed)) return 'forged';
		const old = Number(query.get('generation')) < this.generation;
		return old || Number(query.get('expires')) < Date.now() ? 'expired' : undefined;
	}

	/** Makes every link issued so far expire. */
	expireAll(): void {
		this.generation += 1;
	}

	private signature(path: string, query: URLSearchParams): string {
		return createHmac('sha256', this.secret).update(`${path}?${query}`).digest('hex');
	}
}
