import { NodeHelpers, Workflow, type INode, type INodeType } from 'n8n-workflow';
import { AlloMia } from '../../nodes/AlloMia/AlloMia.node';
import { AlloMiaTrigger } from '../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';
import { statusLabels, terminalStatuses } from '../../nodes/shared/api/terminalStatus';

/** A workflow of one node with these parameters. */
function workflowOf(type: INodeType, parameters: INode['parameters']) {
	const node: INode = {
		id: 'n',
		name: 'Node',
		type: 'tested',
		typeVersion: 1,
		position: [0, 0],
		parameters,
	};
	const nodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	return { workflow, tested: workflow.getNode('Node') ?? node };
}

/** The outputs that n8n's editor shows for a node with these parameters. */
function outputs(type: INodeType, parameters: INode['parameters']) {
	const { workflow, tested } = workflowOf(type, parameters);
	return NodeHelpers.getNodeOutputs(workflow, tested, type.description);
}

/** The text that n8n's editor shows below it. */
function subtitle(type: INodeType, parameters: INode['parameters']) {
	const { workflow, tested } = workflowOf(type, parameters);
	const { subtitle: text } = type.description;
	return workflow.expression.getSimpleParameterValue(tested, text, 'internal', {});
}

const named = (...names: string[]) => names.map((displayName) => ({ type: 'main', displayName }));
const every = terminalStatuses.map((status) => statusLabels[status]);

describe('the trigger’s outputs', () => {
	const trigger = new AlloMiaTrigger();
	const perStatus = (...statuses: string[]) =>
		outputs(trigger, { statuses, options: { outputPerStatus: true } });

	it('are one until the user asks for more', () => {
		expect(outputs(trigger, {})).toEqual(['main']);
		expect(outputs(trigger, { options: { outputPerStatus: false } })).toEqual(['main']);
	});

	it('are one per status, in the order in which events are handed to them', () => {
		expect(perStatus(...terminalStatuses)).toEqual(named(...every));
		expect(outputs(trigger, { options: { outputPerStatus: true } })).toEqual(named(...every));
	});

	it('are all those that there may be where an expression tells', () => {
		const found = outputs(trigger, { options: { outputPerStatus: '={{ $json.each }}' } });
		expect(found).toEqual(named('Completed, or All', ...every.slice(1)));
	});

	it('keep that order whatever order they were chosen in: no workflow takes the wrong way', () => {
		expect(perStatus('failed', 'busy', 'completed')).toEqual(named('Completed', 'Busy', 'Failed'));
		expect(perStatus('no-answer')).toEqual(named('No Answer'));
	});
});

describe('the node’s outputs', () => {
	const node = new AlloMia();
	const shown = (operation: string, options: object) =>
		outputs(node, { resource: 'outboundCall', operation, options: { ...options } });

	it('are all those that there may be where an expression tells', () => {
		expect(shown('createAndWait', { outputPerStatus: '={{ $json.each }}' })).toEqual(
			named('Completed, or All', ...every.slice(1), 'Timed Out'),
		);
	});

	it('are one for every operation', () => {
		expect(outputs(node, {})).toEqual(['main']);
		expect(shown('createAndWait', {})).toEqual(['main']);
		expect(shown('create', { outputPerStatus: true })).toEqual(['main']);
	});

	it('are one per outcome and one for none where the user asks for that', () => {
		expect(shown('createAndWait', { outputPerStatus: true })).toEqual(named(...every, 'Timed Out'));
	});

	it('have one more, the last, for those already called, where the node has keys', () => {
		const options = { outputPerStatus: true, onceKey: '={{ $json.id }}' };
		expect(shown('createAndWait', options)).toEqual(named(...every, 'Timed Out', 'Already Called'));
		expect(shown('createAndWait', { ...options, onceKey: '' })).toHaveLength(5);
		expect(shown('createAndWait', { onceKey: 'A' })).toEqual(['main']);
	});
});

describe('the output Outside Hours', () => {
	const node = new AlloMia();
	const shown = (operation: string, options: object, resource = 'outboundCall') =>
		outputs(node, { resource, operation, options: { callingHours: 'canada', ...options } });
	const hours = ['Called', 'Outside Hours'];

	it.each<[string, object, string[]]>([
		['create', {}, hours],
		['create', { onceKey: 'A', outputPerStatus: true }, hours],
		['create', { callingHours: '={{ $json.hours }}' }, hours],
		['createAndWait', {}, hours],
		['createAndWait', { onceKey: 'A' }, hours],
		['createAndWait', { outputPerStatus: true }, [...every, 'Timed Out', 'Outside Hours']],
		[
			'createAndWait',
			{ outputPerStatus: true, onceKey: 'A' },
			[...every, 'Timed Out', 'Already Called', 'Outside Hours'],
		],
	])('is the last one of %s with %j', (operation, options, names) => {
		expect(shown(operation, options)).toEqual(named(...names));
	});

	it('is there only where somebody is called and hours are set', () => {
		expect(shown('create', { callingHours: '' })).toEqual(['main']);
		expect(shown('getStatus', {})).toEqual(['main']);
		expect(shown('create', {}, 'organization')).toEqual(['main']);
	});
});

describe('the output Dry Run', () => {
	const node = new AlloMia();
	const shown = (operation: string, options: object) =>
		outputs(node, { resource: 'outboundCall', operation, options: { ...options } });

	it.each([true, 'true', '={{ $json.dry }}'])(
		'is the last one, once the option is set to %s',
		(dryRun) => {
			const options = { outputPerStatus: true, onceKey: 'A', callingHours: 'canada', dryRun };
			expect(shown('createAndWait', options)).toEqual(
				named(...every, 'Timed Out', 'Already Called', 'Outside Hours', 'Dry Run'),
			);
		},
	);

	it('is there only with Output per Status, and where it is not switched off', () => {
		expect(shown('createAndWait', { dryRun: true })).toEqual(['main']);
		expect(shown('createAndWait', { outputPerStatus: true, dryRun: false })).toHaveLength(5);
		expect(shown('create', { dryRun: true, outputPerStatus: true })).toEqual(['main']);
	});
});

it('statuses have the order and the names that the interface promises', () => {
	expect(terminalStatuses).toEqual(['completed', 'no-answer', 'busy', 'failed']);
	expect(every).toEqual(['Completed', 'No Answer', 'Busy', 'Failed']);
});

describe('the text below a node', () => {
	it.each([
		[{}, 'Place a call'],
		[{ operation: 'createAndWait' }, 'Place a call and wait'],
		[{ resource: 'organization', operation: 'getAll' }, 'Get many organizations'],
	])('is what it does, with %j', (parameters, text) => {
		expect(subtitle(new AlloMia(), parameters)).toBe(text);
	});

	it('fits below it', () => {
		const texts = String(new AlloMia().description.subtitle).match(/[A-Z][a-z]+ [^"]+/g) ?? [];
		expect(texts).toHaveLength(11);
		expect(texts.filter((text) => text.length > 30)).toEqual([]);
	});

	it.each([
		[{}, 'All results'],
		[{ statuses: ['failed'] }, 'Failed'],
		[{ statuses: ['busy', 'completed'] }, 'Completed or Busy'],
		[{ statuses: ['failed', 'busy', 'completed'] }, 'Completed, Busy or Failed'],
		[{ statuses: [] }, ''],
	])('is what starts the workflow, with %j', (parameters, text) => {
		expect(subtitle(new AlloMiaTrigger(), parameters)).toBe(text);
	});
});
