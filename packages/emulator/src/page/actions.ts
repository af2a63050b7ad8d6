/** What the buttons of the page do. Whether a button may be pressed is decided in `guard.ts`. */

import { clusterStates } from '../controls/cluster-states.js';
import type { Fault } from '../controls/faults.js';
import { createIssuer } from '../issuing/issuer.js';
import type { PageParts } from './view.js';

/** What became of an action, in a sentence for whoever pressed the button. */
export type Outcome =
  | {
      readonly done: string;
      /** The value of the header with what was made. */
      readonly authorization?: string;
    }
  | { readonly problem: string };

type Input = Readonly<Record<string, unknown>>;
type Action = (parts: PageParts, input: Input) => Outcome;

const longestStepMs = 366 * 86_400_000;

function errorReply(status: number, type: string, reason: string): Fault {
  return {
    status,
    headers: { 'X-elastic-product': 'Elasticsearch', 'content-type': 'application/json' },
    body: { error: { root_cause: [{ type, reason }], type, reason }, status },
  };
}

/** The ways to break that the page offers. */
const breakages: ReadonlyMap<unknown, Fault> = new Map([
  ['unavailable', errorReply(503, 'unavailable_shards_exception', 'the emulator was told to be unavailable')],
  [
    'overloaded',
    errorReply(429, 'es_rejected_execution_exception', 'the emulator was told to be overloaded'),
  ],
  ['slow', { delayMs: 3000 }],
  ['silent', { delayMs: Number.POSITIVE_INFINITY }],
  ['reset', { reset: true }],
  ['half', { truncate: true }],
]);

const actions: ReadonlyMap<unknown, Action> = new Map<unknown, Action>([
  ['advance', advance],
  ['invalidate key', invalidateKey],
  ['invalidate token', invalidateToken],
  ['delete service token', deleteServiceToken],
  ['invalidate tokens of user', invalidateTokensOfUser],
  ['break', breakRequests],
  ['break cluster', breakCluster],
  ['mend', mend],
  ['make a token', (parts, input) => make(parts, input, 'token')],
  ['make a key', (parts, input) => make(parts, input, 'API key')],
]);

/** @param text the body of the request: an object with `action` and what that action needs */
export function perform(parts: PageParts, text: string): Outcome {
  const input = parseInput(text);
  const action = actions.get(input?.action);
  if (input === undefined || action === undefined) return { problem: 'There is no such action.' };
  return action(parts, input);
}

function parseInput(text: string): Input | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // An object by its own members; what they are is looked at by whoever uses one.
    return typeof value === 'object' && value !== null ? (value as Input) : undefined;
  } catch {
    return undefined;
  }
}

function advance({ security }: PageParts, { ms }: Input): Outcome {
  if (typeof ms !== 'number' || !(ms > 0) || ms > longestStepMs) {
    return { problem: 'Time can be moved forward by up to a year at once.' };
  }
  // Time has moved when this returns. Answers that fall due then go out by themselves; a client that does
  // not read its answer must not hold up the page.
  void security.clock.advance(ms);
  return { done: 'Time was moved forward.' };
}

function invalidateKey({ security: { apiKeys, clock } }: PageParts, { id }: Input): Outcome {
  const key = typeof id === 'string' ? apiKeys.find(id) : undefined;
  if (key === undefined || !apiKeys.isActive(key)) return { problem: 'There is no such live API key.' };
  apiKeys.replace({ ...key, invalidation: clock.now() });
  return { done: `The API key ${key.name} was invalidated.` };
}

function invalidateToken({ security: { tokens } }: PageParts, { number }: Input): Outcome {
  return typeof number === 'number' && tokens.invalidateNumber(number)
    ? { done: 'The token was invalidated.' }
    : { problem: 'There is no such live token.' };
}

function deleteServiceToken({ security }: PageParts, { account, name }: Input): Outcome {
  return typeof account === 'string' &&
    typeof name === 'string' &&
    security.serviceAccounts.deleteToken(account, name)
    ? { done: `The service token ${name} was deleted.` }
    : { problem: 'There is no such service token.' };
}

function invalidateTokensOfUser({ security }: PageParts, { username, realm }: Input): Outcome {
  if (typeof username !== 'string' || typeof realm !== 'string') return { problem: 'There is no such user.' };
  const { invalidated } = security.tokens.invalidateAll(username, realm);
  return { done: `${invalidated} of the tokens of ${username} were invalidated.` };
}

function breakRequests({ faults }: PageParts, { how, times }: Input): Outcome {
  const fault = breakages.get(how);
  const fine = times === null || (typeof times === 'number' && Number.isInteger(times) && times > 0);
  if (fault === undefined || !fine) return { problem: 'There is no such way to break.' };
  faults.add({ ...fault, ...(typeof times === 'number' && { times }) });
  return { done: 'Broken.' };
}

function breakCluster({ security }: PageParts, { state }: Input): Outcome {
  const found = clusterStates.find((known) => known === state);
  if (found === undefined) return { problem: 'There is no such state of a cluster.' };
  security.states.enter(found);
  return { done: 'The cluster is ill.' };
}

function mend({ faults, security: { states } }: PageParts, { of, id }: Input): Outcome {
  if (id !== null) {
    const removed = typeof id === 'number' && (of === 'cluster' ? states : faults).remove(id);
    return removed ? { done: 'Mended.' } : { problem: 'There is no such fault any more.' };
  }
  for (const fault of faults.armed()) faults.remove(fault.id);
  for (const state of states.all()) states.remove(state.id);
  return { done: 'Everything was mended.' };
}

function make({ security }: PageParts, { username }: Input, what: 'token' | 'API key'): Outcome {
  if (typeof username !== 'string') return { problem: 'There is no such user.' };
  const { authorization, apiKey } = createIssuer(() => security);
  try {
    const made = what === 'token' ? username : apiKey(username, { name: 'made-on-the-page' });
    return { done: `Made: a new ${what} of ${username}.`, authorization: authorization(made) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: error.message };
  }
}
