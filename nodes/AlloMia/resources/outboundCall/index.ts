import type { Resource } from '../operation';
import { create } from './create';
import { createAndWait } from './createAndWait';
import { getStatus } from './getStatus';

export const outboundCall: Resource = {
	value: 'outboundCall',
	name: 'Outbound Call',
	operations: [create, createAndWait, getStatus],
};
