// The majors of Fastify that the plugin is for, and what goes with each.

import type { ServerOptions } from 'node:http';
import cors5 from '@fastify/cors';
import cors4 from '@fastify/cors9';
import fastify5, { type FastifyInstance } from 'fastify';
import fastify4 from 'fastify4';

export interface Version {
  readonly name: string;
  create(options: {
    readonly trustProxy?: boolean;
    readonly http2?: true;
    readonly http?: ServerOptions;
  }): FastifyInstance;
  readonly cors: typeof cors5;
}

// One type for both: Fastify 4 has the same surface as far as it is used here.
export const versions: readonly Version[] = [
  { name: 'Fastify 5', create: (options) => fastify5(options as object), cors: cors5 },
  {
    name: 'Fastify 4',
    create: (options) => fastify4(options as object) as unknown as FastifyInstance,
    cors: cors4 as unknown as typeof cors5,
  },
];
