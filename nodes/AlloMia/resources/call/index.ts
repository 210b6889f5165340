import type { Resource } from '../operation';
import { get } from './get';
import { getAll } from './getAll';
import { getByOutboundCall } from './getByOutboundCall';

export const call: Resource = {
	value: 'call',
	name: 'Call Log',
	operations: [get, getAll, getByOutboundCall],
};
