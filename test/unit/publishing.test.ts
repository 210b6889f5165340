import type { IDataObject, IHookFunctions, NodeOperationError } from 'n8n-workflow';
import { AlloMiaTrigger } from '../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';
import { AlloMia } from '../../nodes/AlloMia/AlloMia.node';

const { checkExists, create, delete: remove } = new AlloMiaTrigger().webhookMethods.default;

const context = (parameters: IDataObject, id: string | undefined = 'w1') =>
	({
		getNode: () => ({ name: 'AlloMia Trigger', parameters }),
		getWorkflow: () => ({ id }),
	}) as unknown as IHookFunctions;

/** What n8n is told where it publishes a trigger with these parameters. */
async function fault(parameters: IDataObject): Promise<string | undefined> {
	const exists = await checkExists.call(context(parameters));
	try {
		expect(await create.call(context(parameters))).toBe(true);
		expect(exists).toBe(true);
		return undefined;
	} catch (error) {
		expect(exists).toBe(false);
		const { name, message, description } = error as NodeOperationError;
		expect(name).toBe('NodeOperationError');
		expect(description).toBe('Correct it there, or remove it.');
		return message;
	}
}

describe('publishing a trigger', () => {
	it.each<IDataObject>([
		{},
		{ options: {} },
		{ options: { path: 'clinic/west' } },
		{ statuses: ['busy'], verification: 'always', options: { ignoreDuplicates: false } },
		{ statuses: ' busy, failed no-answer, ' },
		// n8n resolves these with each event.
		{
			statuses: '={{ ["x"] }}',
			verification: '={{ "x" }}',
			options: { outputPerStatus: '={{ 1 }}' },
		},
	])('goes well with %j', async (parameters) => {
		expect(await fault(parameters)).toBeUndefined();
	});

	it.each<[IDataObject, string]>([
		[{ options: { path: 'two words' } }, 'Path: It may contain unaccented letters'],
		[{ options: { path: '={{ "a" }}' } }, 'Path: It may contain unaccented letters'],
		[{ statuses: ['ringing'] }, 'Trigger On: It is ["ringing"]. Use a list of completed, '],
		[{ statuses: 'busy, ringing' }, 'Trigger On: It is "busy, ringing".'],
		[{ statuses: 7 }, 'Trigger On: It is 7.'],
		[
			{ verification: 'perhaps' },
			'Verification: It is "perhaps". Use one of auto, signature, always, none.',
		],
		[{ options: { ignoreDuplicates: 'perhaps' } }, 'Ignore Duplicates: It is "perhaps".'],
		[{ options: { outputPerStatus: 1 } }, 'Output per Status: It is 1.'],
	])('with %j says what is wrong', async (parameters, says) => {
		expect(await fault(parameters)).toContain(says);
	});

	it('has nothing to undo', async () => {
		expect(await remove.call(context({ options: { path: 'two words' } }))).toBe(true);
	});
});

const hooks = Object.values(new AlloMia().webhookMethods.default);

it('there is nothing to register for executions that wait', async () => {
	expect(hooks).toHaveLength(3);
	for (const hook of hooks) expect(await hook.call(context({}))).toBe(true);
});
