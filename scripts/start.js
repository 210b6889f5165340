const { randomBytes, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { openDataFolder } = require('./lib/dataFolder');
const demo = require('./lib/demo');
const {
	closedSettings,
	freePort,
	installPackage,
	isFree,
	lastWords,
	owner,
	Session,
	startProcess,
} = require('./lib/n8n');
const { outcomeByAsking, outcomeOfEither, outcomeOfTrigger } = require('./lib/outcome');
const { gulpFile, projectRoot } = require('./lib/paths');
const { cli, run, say, UserError } = require('./lib/run');
const { buildAndPack, ensureDependencies, ensureN8n } = require('./lib/setup');
const { openInBrowser } = require('./lib/openInBrowser');
const { publicAddress, realKey, realTarget, simulatedTarget } = require('./lib/target');
const { readTemplate, templateNames, withCredential } = require('./lib/templates');
const workflows = require('./lib/workflows');

/** What npm start has started, to be stopped in reverse order. */
const started = [];

/**
 * npm start [-- --once] [--port P] [--fresh] [--data FOLDER] [--open]: the package in a real n8n with the templates, and
 * a first call.
 */
cli(async () => await main(readOptions(process.argv.slice(2))), stopAll);

async function main({ once, port, fresh, data, open }) {
	const real = realKey();
	const publicUrl = real ? publicAddress() : undefined;
	const before = async () => await refuseUsedPort(port);
	const folder = await openDataFolder(data, { fresh, before });
	started.push(() => folder.release());
	const [n8n, tarball] = await Promise.all([ensureN8n(), ensureDependencies().then(build)]);
	const target = real ? await realTarget(real) : await simulatedTarget();
	if (target.stop) started.push(target.stop);
	await installPackage(data, tarball);

	say(`Starting n8n ${n8n.version} …`);
	// It may have been taken while n8n was being installed.
	await refuseUsedPort(port);
	const base = `http://127.0.0.1:${port}`;
	// Make sure that no other n8n responds there.
	const health = `health-${randomUUID()}`;
	const editor = await startProcess({
		n8n,
		env: {
			...closedSettings({ userFolder: data, port, brokerPort: await freePort() }),
			// Not the environment's with the simulator, whose callbacks must stay on this machine.
			WEBHOOK_URL: publicUrl ?? `${base}/`,
			N8N_ENDPOINT_HEALTH: health,
		},
		readyUrl: `${base}/${health}/readiness`,
		onStart: (pid) => folder.share(pid),
	});
	started.push(() => editor.stop());
	const session = new Session(base);
	await session.signIn(folder.password).catch(({ message }) => {
		throw new UserError(
			`${message}\nIf you have changed the password of ${owner.email}, change it back to ${folder.password}, or begin anew with npm start -- --fresh, which throws away all that is in ${data}.`,
		);
	});

	const callback = real && !publicUrl ? 'none' : 'trigger';
	if (callback === 'none') {
		say(
			'WEBHOOK_URL is not set, so AlloMia cannot reach this n8n with the outcome: the call’s status is asked for every 5 seconds instead. To get it through the trigger, set WEBHOOK_URL to the public address of this n8n.',
		);
	}
	const credential = await workflows.upsertCredential(session, {
		name: real ? 'AlloMia' : 'AlloMia (simulator)',
		apiKey: target.apiKey,
		baseUrl: target.baseUrl,
		...(real ? {} : { organizationId: target.organizationId }),
	});
	await removeEarlierWorkflows(session, folder);
	// Random each time: a path that can be guessed would let others place calls, and kept workflows have the last one.
	const webhook = `call-${randomBytes(6).toString('hex')}`;
	const workflowId = await installWorkflow(
		session,
		folder,
		demo.demoWorkflow({
			credential,
			callback,
			path: webhook,
			webhookIds: { request: randomUUID(), outcome: randomUUID() },
		}),
	);
	const dispatched = await placeCall(`${base}/webhook/${webhook}`, target);
	say(`AlloMia took the call: ${dispatched.outboundCallId} (${dispatched.status}).`);
	const call = { session, workflowId, target, id: dispatched.outboundCallId };
	const { from, event } = await (callback === 'none'
		? outcomeByAsking(call)
		: real
			? outcomeOfEither(call)
			: outcomeOfTrigger(call));
	if (from === 'asking' && callback === 'trigger') {
		say(`AlloMia did not reach this n8n at ${publicUrl}: check that WEBHOOK_URL leads here.`);
	}
	say(
		from === 'trigger'
			? '\nThe AlloMia Trigger emitted:'
			: '\nThe call has ended. AlloMia gave as its status:',
	);
	show(event);
	if (!real) {
		await showCreateAndWait(session, folder, base, credential, target);
		await addCallLog(session, folder, target);
	}
	if (once) return;
	const templates = await importTemplates(session, folder, credential, target);
	const page = (id) => `${base}/workflow/${id}`;
	const another = JSON.stringify(
		real ? target.call : { ...target.call, phoneNumber: '+15145550002' },
	);
	say(`
n8n is open at ${page(workflowId)}
Sign in with  ${owner.email}  and  ${folder.password}

What to try next:
- Open a template, and choose Execute workflow: it runs with sample data, and its notes explain it.
${templates.map(({ id, name }) => `  ${page(id)}  ${name}`).join('\n')}
- Open the workflow "${demo.workflowName}", and look at Executions.${
		real
			? ''
			: `\n- Open the workflow "${demo.logWorkflowName}", and run it: it lists calls, and what was said.`
	}
- Add an AlloMia node to a workflow of your own: its credential is there already.
- Place another call${real ? ': THE PHONE WILL RING AGAIN' : ', which is busy'}:
  curl -X POST ${base}/webhook/${webhook} -H 'content-type: application/json' \\
    -d '${another.replaceAll("'", "'\\''")}'

Ctrl-C ends everything that this command started.`);
	if (open) openInBrowser(page(templates.find(({ file }) => file === 'confirm-appointments').id));
	await new Promise((resolve) => {
		editor.child.once('exit', resolve);
		// Keeps this process alive.
		const alive = setInterval(() => {}, 1 << 30);
		editor.child.once('exit', () => clearInterval(alive));
	});
	if (started.length > 0) throw new UserError(lastWords('n8n ended by itself.', editor.output()));
}

function readOptions(args) {
	const options = {
		once: false,
		fresh: false,
		open: false,
		port: Number(process.env.N8N_PORT || 5678),
		data: path.join(projectRoot, '.n8n-demo'),
	};
	for (let index = 0; index < args.length; index += 1) {
		const arg = args[index];
		if (arg === '--once') options.once = true;
		else if (arg === '--fresh') options.fresh = true;
		else if (arg === '--open') options.open = true;
		else if (arg === '--port') options.port = Number(args[(index += 1)]);
		else if (arg.startsWith('--port=')) options.port = Number(arg.slice('--port='.length));
		else if (arg === '--data' && args[index + 1]) options.data = path.resolve(args[(index += 1)]);
		else {
			throw new UserError(
				`"${arg}" is not an option. There are --once, --fresh, --open, --port P and --data FOLDER.`,
			);
		}
	}
	if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65535) {
		throw new UserError(
			'--port needs a number from 1 to 65535, for example: npm start -- --port 5680',
		);
	}
	return options;
}

async function refuseUsedPort(port) {
	if (await isFree(port)) return;
	throw new UserError(
		`Port ${port} is in use, perhaps by another n8n. End what uses it, or choose another port: npm start -- --port ${port + 2}`,
	);
}

async function build() {
	say('Building the package …');
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-pack-'));
	started.push(() => fs.rmSync(folder, { recursive: true, force: true }));
	return await buildAndPack(async () => {
		await run(process.execPath, [gulpFile(), 'build', '--silent'], {
			cwd: projectRoot,
			label: 'The build',
			quiet: true,
		});
		return true;
	}, folder);
}

/** The same call in one node. Not with the real AlloMia, where one call is enough. */
async function showCreateAndWait(session, folder, base, credential, { call }) {
	say(
		'\nNow with Create and Wait for Result: one node places a call, waits, and goes on with the outcome …',
	);
	const webhook = `call-and-wait-${randomBytes(6).toString('hex')}`;
	const id = await installWorkflow(
		session,
		folder,
		demo.waitWorkflow({ credential, path: webhook, webhookId: randomUUID() }),
	);
	const body = { ...call, phoneNumber: '+15145550003' };
	await postOnce(`${base}/webhook/${webhook}`, body);
	const [{ id: executionId }] = await workflows.until('the execution to appear', async () => {
		const list = await workflows.listExecutions(session, id);
		return list.length > 0 && list;
	});
	const execution = await workflows.waitForEnd(session, executionId);
	const [[item] = []] = workflows.outputsOf(execution, 'AlloMia');
	if (!item)
		throw new UserError(
			'Create and Wait for Result gave no outcome: look at the execution in n8n.',
		);
	say('AlloMia (Create and Wait for Result) put out:');
	show(item);
}

/** A workflow that shows the simulator's call log in the editor. */
async function addCallLog(session, folder, { baseUrl, tenantKey, organizationId }) {
	const credential = await workflows.upsertCredential(session, {
		name: 'AlloMia tenant (simulator)',
		apiKey: tenantKey,
		baseUrl,
	});
	const definition = demo.logWorkflow({ credential, organizationId });
	const { id } = await workflows.createWorkflow(session, definition);
	await remember(session, folder, id);
}

/** Imports the templates, unpublished: { file, id, name } of each. */
async function importTemplates(session, folder, credential, { call }) {
	const imported = [];
	for (const file of templateNames) {
		const template = readTemplate(file);
		const nodes = withCredential(template, credential).map((node) => ({
			...node,
			parameters: {
				...node.parameters,
				...('assistantId' in node.parameters
					? { assistantId: call.assistantId, phoneNumberId: call.phoneNumberId }
					: {}),
			},
		}));
		const { id } = await workflows.createWorkflow(session, { ...template, nodes });
		await remember(session, folder, id);
		imported.push({ file, id, name: template.name });
	}
	return imported;
}

/** Removes the demo's workflows of earlier starts. Workflows that were changed are kept, under another name. */
async function removeEarlierWorkflows(session, folder) {
	const all = await session.call('GET', '/rest/workflows');
	for (const { id, name, versionId, active, isArchived } of all) {
		if (!(id in folder.workflows)) continue;
		if (active) await workflows.deactivate(session, id);
		if (folder.workflows[id] === versionId) {
			// It is archived already if an earlier start was interrupted here, or the user has done it.
			if (!isArchived) await session.call('POST', `/rest/workflows/${id}/archive`);
			await session.call('DELETE', `/rest/workflows/${id}`);
		} else if (!isArchived) {
			const kept = isOurs(name) ? `${name} (changed by you)` : name;
			if (kept !== name) await session.call('PATCH', `/rest/workflows/${id}`, { name: kept });
			say(`You have changed a workflow of the demo: it is kept as "${kept}", unpublished.`);
		}
	}
	folder.workflows = {};
	folder.save();
}

const isOurs = (name) =>
	demo.workflowNames.includes(name) ||
	templateNames.some((file) => readTemplate(file).name === name);

/** @returns the id of the workflow, which is active */
async function installWorkflow(session, folder, definition) {
	const { id } = await workflows.createWorkflow(session, definition);
	// Noted before it is active: if the start is interrupted in between, the next one can remove it.
	await remember(session, folder, id);
	await workflows.activate(session, id);
	await remember(session, folder, id);
	return id;
}

/** Notes the workflow's version, to detect changes. */
async function remember(session, folder, id) {
	const { versionId } = await session.call('GET', `/rest/workflows/${id}`);
	folder.workflows[id] = versionId;
	folder.save();
}

/** Posts to a workflow's webhook. A 404 means that n8n has not registered it yet, and nothing ran. */
async function postOnce(url, body) {
	return await workflows.until('the workflow to be active', async () => {
		const answer = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(60_000),
		});
		return answer.status === 404 ? undefined : { status: answer.status, text: await answer.text() };
	});
}

async function placeCall(url, { call }) {
	say(`Placing a call to ${call.phoneNumber} …`);
	const response = await postOnce(url, call);
	const answer = parse(response.text);
	if (response.status !== 200 || !answer?.outboundCallId) {
		throw new UserError(
			`The call was not placed (${response.status}): ${response.text}\nLook at the workflow's execution, or correct the values and start again.`,
		);
	}
	return answer;
}

function show(value) {
	say(JSON.stringify(value, null, 2));
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

async function stopAll() {
	if (started.length > 0) say('\nEnding everything …');
	for (const stop of started.splice(0).reverse()) await stop();
}
