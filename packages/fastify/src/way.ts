// How a Fastify route goes on, or is answered in place of it.

import type * as core from '@esauth/core';
import type { FastifyReply } from 'fastify';

/** Goes on by Fastify's callback. */
export type Done = (error?: Error) => void;

export const way: core.Way<FastifyReply> = {
  responseOf: (reply) => reply?.raw,
  nextHearsErrors: true,
  answer,
};

export function answer(reply: FastifyReply, { status, headers, body }: core.Refusal): void {
  // Somebody else, such as a timeout, may have answered while we waited, or taken the reply over.
  if (reply.sent || reply.raw.headersSent) return;
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  reply.code(status).type('application/problem+json; charset=utf-8').send(JSON.stringify(body));
}
