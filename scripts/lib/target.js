const { openQuestions } = require('./ask');
const { say, UserError } = require('./run');
const { startSimulatorProcess } = require('./simulatorProcess');

const variables = {
	ALLOMIA_ASSISTANT_ID: 'The ID of the assistant that speaks: ',
	ALLOMIA_PHONE_NUMBER_ID: 'The ID of the AlloMia number to call from: ',
	ALLOMIA_PHONE_NUMBER: 'The number to call, for example +15145551234: ',
};

const valueOf = (name) => process.env[name]?.trim() || undefined;

/** The API key of the real AlloMia, if the command is to use it. */
const realKey = () => valueOf('ALLOMIA_API_KEY');

/**
 * The public URL of this n8n, if there is one.
 * @throws UserError if WEBHOOK_URL is invalid
 */
function publicAddress() {
	const url = valueOf('WEBHOOK_URL');
	if (url === undefined) return undefined;
	if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
	throw new UserError(
		`WEBHOOK_URL is "${url}", which is no address. Write it like https://n8n.example.com/, or unset it.`,
	);
}

/** Starts a simulated AlloMia: { baseUrl, apiKey, call, stop() }. */
async function simulatedTarget() {
	say('Starting the AlloMia simulator: no phone will ring.');
	const { assistantId, phoneNumberId, ...simulator } = await startSimulatorProcess({ pace: 1500 });
	return {
		...simulator,
		call: {
			phoneNumber: '+15145551234',
			assistantId,
			phoneNumberId,
			customerName: 'John Doe',
			recordId: 'crm-42',
		},
	};
}

/**
 * The real AlloMia: { baseUrl, apiKey, call }. What the environment does not contain is asked for, and the call must be
 * confirmed.
 * @throws UserError if it is not
 */
async function realTarget(apiKey) {
	say('\nALLOMIA_API_KEY is set: this uses the real AlloMia.');
	const questions = openQuestions();
	try {
		const given = {};
		for (const [name, question] of Object.entries(variables)) {
			given[name] = valueOf(name) ?? (await questions.ask(question, `Set ${name}.`));
		}
		const customerName = valueOf('ALLOMIA_CUSTOMER_NAME') ?? 'John Doe';
		const number = given.ALLOMIA_PHONE_NUMBER;
		say(`\nA PHONE WILL RING: in about half a minute, AlloMia calls ${customerName} at ${number}.`);
		const answer = await questions.ask(
			'Type yes to place that call: ',
			'Nobody was called. Start the command in a terminal, or unset ALLOMIA_API_KEY to use the simulator.',
		);
		if (!/^y(es)?$/i.test(answer))
			throw new UserError('Nobody was called, since you did not say yes.');
		return {
			apiKey,
			baseUrl: valueOf('ALLOMIA_BASE_URL') ?? 'https://allomia.com/api',
			call: {
				phoneNumber: number,
				assistantId: given.ALLOMIA_ASSISTANT_ID,
				phoneNumberId: given.ALLOMIA_PHONE_NUMBER_ID,
				customerName,
				recordId: 'crm-42',
			},
		};
	} finally {
		questions.close();
	}
}

module.exports = { publicAddress, realKey, realTarget, simulatedTarget };
