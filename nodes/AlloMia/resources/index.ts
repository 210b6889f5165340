import type { Resources } from './operation';
import { call } from './call';
import { organization } from './organization';
import { outboundCall } from './outboundCall';

/** The resources of the AlloMia node. */
export const resources: Resources = [outboundCall, call, organization];
