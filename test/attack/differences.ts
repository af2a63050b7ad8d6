// Where the six frameworks may differ, and why: what is a framework's own to decide. Whatever is not here is a finding.

import { type Part, paths } from './raw-requests.js';

/** What one of them made of a request. */
export interface Decision {
  /** Of the framework, with its major. */
  readonly by: string;
  /** `refused` by us; `handled` by a handler of the application; `other` is the framework's own, or Node's. */
  readonly kind: 'refused' | 'handled' | 'other' | 'none';
  readonly status?: number;
  /** What all of them should say alike. */
  readonly said: string;
  /** Of Node's parser, after which the connection is over, whatever was under way on it. */
  readonly isParsers?: boolean;
  /** Whether it was not cut off. */
  readonly whole: boolean;
  /** Nothing, because the answer before it has said that it is the last. */
  readonly hungUp?: boolean;
  readonly handled?: { readonly path: string; readonly who: string; readonly as: string };
}

interface Rule {
  readonly reason: string;
  /** @param part what was meant, if that is known; @param all what all of them decided. */
  covers(decision: Decision, part: Part | undefined, all: readonly Decision[]): boolean;
}

function own({ kind, status = 0 }: Decision, ...statuses: readonly number[]): boolean {
  return kind === 'other' && statuses.includes(status);
}

const rules: readonly Rule[] = [
  {
    reason: 'Fastify refuses every version but HTTP/1.0 and 1.1 before any hook',
    covers: (decision) => decision.by.startsWith('Fastify') && own(decision, 505),
  },
  {
    reason: 'Fastify refuses paths that cannot be decoded before any hook (in Fastify 4 we see to it)',
    covers: (decision, part) =>
      decision.by.startsWith('Fastify') &&
      own(decision, 400) &&
      (part === undefined || part.target.includes('%')),
  },
  {
    reason:
      'Express answers a condition (`If-None-Match: *`) on what its handler has answered, once somebody is let in',
    covers: (decision, _part, all) =>
      decision.by.startsWith('Express') && own(decision, 304) && !all.some(isOfEntrance),
  },
  {
    reason: 'Fastify 4 says itself that there is nothing for a method that it does not know',
    covers: (decision, part) =>
      decision.by === 'Fastify 4' && own(decision, 404) && (part === undefined || part.method === 'QUERY'),
  },
  {
    reason:
      'Fastify 5 hangs up on a request whose body it cannot read, and says so (`lib/content-type-parser.js`)',
    covers: ({ by, hungUp }) => by === 'Fastify 5' && hungUp === true,
  },
  {
    reason: 'Fastify reads bodies before preHandler hooks, and refuses those that it cannot read',
    covers: (decision, _part, all) =>
      decision.by.startsWith('Fastify') && own(decision, 400, 415) && !all.some(isOfEntrance),
  },
  {
    reason:
      'a path that is not a route to the letter is one for some frameworks, and so are methods: nobody is let in at the entrance by that',
    covers: (decision, part, all) => !isRoute(part) && !isOfEntrance(decision) && !all.some(isOfEntrance),
  },
];

/** What the middleware refused, before anybody looked for a route. */
function isOfEntrance({ kind, status }: Decision): boolean {
  return kind === 'refused' && status !== 403;
}

function isRoute(part: Part | undefined): boolean {
  if (part === undefined) return false;
  return (paths as readonly string[]).includes(part.target) && ['GET', 'POST', 'HEAD'].includes(part.method);
}

/** Whether all say the same, but where a rule leaves it to a framework. */
export function agree(decisions: readonly Decision[], part: Part | undefined): boolean {
  const bound = decisions.filter(
    (decision) => !rules.some(({ covers }) => covers(decision, part, decisions)),
  );
  return new Set(bound.map(({ said }) => said)).size < 2;
}
