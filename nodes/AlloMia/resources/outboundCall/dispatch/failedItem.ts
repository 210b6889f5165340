import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readBoolean } from '../../../../shared/values/readParameter';
import { readMetadata } from './callRequest';
import { hasDryRun, storedOptions } from './readParameters';
import { wasTested } from './testRun';

/** What the error item of an item says besides its error. */
export interface FailedItem {
	/** What identifies the item to the workflow. */
	metadata?: IDataObject;
	/** Whether nobody was to be called in the first place. */
	dryRun?: true;
	/** The number to be called in place of the person's, in a test. */
	testNumber?: string;
}

/** Reads what can be read of an item that was not called: its expressions may be what failed. */
export function readFailedItem(context: IExecuteFunctions, itemIndex: number): FailedItem {
	const read = (name: string): unknown => {
		try {
			return context.getNodeParameter(`options.${name}`, itemIndex, undefined);
		} catch {
			return undefined;
		}
	};
	const metadata = readMetadata(read('metadata') ?? { entry: readEntries(context, read) }, []);
	const testNumber = wasTested(context) && read('testNumber');
	return {
		...(Object.keys(metadata).length === 0 ? {} : { metadata }),
		...(hasDryRun(context) && isOn(read('dryRun')) ? { dryRun: true } : {}),
		...(testNumber ? { testNumber: String(testNumber) } : {}),
	};
}

function isOn(dryRun: unknown): boolean {
	return readBoolean('Dry Run', { dryRun }, 'dryRun', []);
}

/** The entries of Metadata that can be read, if one cannot. */
function readEntries(context: IExecuteFunctions, read: (name: string) => unknown): object[] {
	const { entry } = (storedOptions(context).metadata ?? {}) as { entry?: unknown };
	const indexes = Array.isArray(entry) ? [...entry.keys()] : [];
	return indexes.flatMap((index) => {
		const [name, value] = [
			read(`metadata.entry[${index}].name`),
			read(`metadata.entry[${index}].value`),
		];
		return name === undefined || value === undefined ? [] : [{ name, value }];
	});
}
