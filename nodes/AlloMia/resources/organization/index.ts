import type { Resource } from '../operation';
import { create } from './create';
import { get } from './get';
import { getAll } from './getAll';
import { update } from './update';
import { updateMetadata } from './updateMetadata';

export const organization: Resource = {
	value: 'organization',
	name: 'Organization',
	operations: [create, get, getAll, update, updateMetadata],
};
