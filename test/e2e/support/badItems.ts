import type { CredentialReference } from '../../../scripts/lib/workflows';
import type { Run } from '../../badItems';
import { runNode, type Bench } from './bench';
import { alloMia } from './nodes';

/** Runs the node in a real n8n. */
export const inN8n =
	(bench: Bench, credential: () => CredentialReference = () => bench.credential): Run =>
	async (parameters, onError, items) => {
		const node = alloMia(credential(), parameters, { onError });
		const { execution, error } = await runNode(bench, node, items);
		const outputs = execution.data.resultData.runData.AlloMia?.[0]?.data?.main ?? [];
		return { error, outputs: outputs.map((it) => it ?? []) };
	};
