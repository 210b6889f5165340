import type { IWebhookFunctions } from 'n8n-workflow';
import { AlloMia } from '../../../../nodes/AlloMia/AlloMia.node';
import { AlloMiaTrigger } from '../../../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';

it.each([
	['a waiting execution', new AlloMia()],
	['a trigger', new AlloMiaTrigger()],
])('%s starts nothing where a callback cannot be handled, and says so', async (_, node) => {
	const answers: unknown[] = [];
	const logged: string[] = [];
	const fail = () => {
		throw new Error('This expression is wrong');
	};
	const webhook = {
		getNode: () => ({ name: 'AlloMia' }),
		getNodeParameter: fail,
		evaluateExpression: fail,
		getResponseObject: () => ({
			status: (status: number) => ({ json: (body: unknown) => answers.push([status, body]) }),
		}),
		logger: { error: (text: string) => logged.push(text) },
	} as unknown as IWebhookFunctions;
	expect(await node.webhook.call(webhook)).toEqual({ noWebhookResponse: true });
	expect(answers).toEqual([
		[503, { error: 'AlloMia could not be asked about this call. Try again later.' }],
	]);
	expect(logged).toEqual(['AlloMia: a callback could not be handled. This expression is wrong']);
});
