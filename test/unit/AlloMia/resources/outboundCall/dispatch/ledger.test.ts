import type { IExecuteFunctions } from 'n8n-workflow';
import type { LedgerEntry } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/decision';
import { Ledger } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/ledger';
import { anExecution, processedData } from '../../../../support/processedData';

const answered: LedgerEntry = {
	kind: 'answered',
	answer: { outboundCallId: 'o', contactId: 'c', status: 'calling' },
};

describe('what n8n’s store holds while a list is called', () => {
	let open: Ledger | undefined;
	// A list that is being called makes others claim less at once.
	afterEach(async () => await open?.close(true, false));

	/** The ledger of a list of people, each with a key, and what is in the store. */
	function list(keys: string[]) {
		const { helpers, values } = processedData();
		const context = anExecution(helpers) as unknown as IExecuteFunctions;
		const calls = keys.map((onceKey, itemIndex) => ({
			itemIndex,
			onceKey,
			body: { phoneNumber: `+1514555${1000 + itemIndex}`, assistantId: 'a', phoneNumberId: 'p' },
		}));
		const ledger = Ledger.open(context, calls, { redialOnUncertain: false, keyed: true });
		open = ledger;
		const admit = async (itemIndex: number, mayCall = true) =>
			await ledger.claim({ itemIndex }, () => mayCall);
		const kept = async () => {
			await new Promise((resolve) => setTimeout(resolve, 20));
			const all = values();
			const marks = all.filter((it) => !it.startsWith('key/'));
			return { keys: all.filter((it) => it.startsWith('key/')), marks: marks.length };
		};
		return { ledger, admit, kept, values };
	}

	it('is nothing of those who are not to be called any more', async () => {
		const { admit, kept } = list(['a', 'b']);
		const before = (await kept()).marks;
		expect(await admit(0, false)).toEqual({ kind: 'skipped' });
		expect(await admit(1, false)).toEqual({ kind: 'skipped' });
		expect(await kept()).toEqual({ keys: [], marks: before });
	});

	it('is the key, until nobody is left who may be called for it', async () => {
		const { ledger, admit, kept } = list(['a', 'a']);
		const before = await kept();
		expect((await admit(0)).kind).toBe('dial');
		const claimed = await kept();
		expect(claimed.keys).toEqual(['key/a']);
		await ledger.settle({ itemIndex: 0 });
		// The next one is to be called for it, and nobody else.
		expect(await kept()).toEqual(claimed);
		expect((await admit(1)).kind).toBe('dial');
		await ledger.settle({ itemIndex: 1 });
		expect(await kept()).toEqual(before);
	});

	it('is the key of whoever was called, and no intent of that', async () => {
		const { ledger, admit, values, kept } = list(['a']);
		await admit(0);
		await ledger.settle({ itemIndex: 0 }, answered);
		expect((await kept()).keys).toEqual(['key/a']);
		expect(values().filter((it) => it.startsWith('intent/'))).toEqual([]);
	});

	it('says which item it does not know', async () => {
		const { admit } = list(['a']);
		await expect(admit(7)).rejects.toThrow('The ledger does not know item 7');
	});
});
