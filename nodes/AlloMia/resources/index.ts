import type { Resources } from './operation';
import { call } from './call';
import { organization } from './organization';
import { outboundCall } from './outboundCall';

/** Everything that the AlloMia node can do. */
export const resources: Resources = [outboundCall, call, organization];
