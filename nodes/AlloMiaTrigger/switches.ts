import type { IDataObject } from 'n8n-workflow';
import { readSwitch } from '../shared/options';
import { checked, type Checked, type Refusal } from '../shared/refusal';

export interface Switches {
	ignoreDuplicates: boolean;
	outputPerStatus: boolean;
}

/** The options that are on or off. */
export function readSwitches(options: IDataObject): Checked<Switches> {
	const refusals: Refusal[] = [];
	const read = (field: string, name: keyof Switches, fallback: boolean) =>
		readSwitch(field, options, name, refusals, fallback);
	const ignoreDuplicates = read('Ignore Duplicates', 'ignoreDuplicates', true);
	const outputPerStatus = read('Output per Status', 'outputPerStatus', false);
	return checked({ ignoreDuplicates, outputPerStatus }, refusals);
}
