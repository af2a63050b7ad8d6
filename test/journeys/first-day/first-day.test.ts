// The mistakes of a first day: what was done, what is said of it, the status. Whoever made one finds the option or the
// call that cures it in the message, and more at the address where that ends.

import { createVerifier, LookupError } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rejectionCodes, unavailableCodes } from '../../../packages/core/src/values/codes.js';
import { basic, send } from '../../support/http-client.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';
import { callerMistakes } from './callers.js';
import { clusterMistakes } from './cluster.js';
import type { Mistake, Seen, World } from './mistake.js';
import { optionMistakes } from './options.js';
import { programMistakes } from './program.js';

const table: readonly (readonly [string, readonly Mistake[]])[] = [
  ['options', optionMistakes],
  ['the cluster', clusterMistakes],
  ['callers', callerMistakes],
  ['the program', programMistakes],
];

let world: World;
beforeAll(async () => {
  const [elasticsearch, secure] = await Promise.all([startEmulator(), startEmulator({ tls: true })]);
  const make = async (method: string, path: string, body: object) =>
    (await send(elasticsearch.url + path, { method, body, headers: basic('elastic', 'changeme') })).json;
  const { access_token } = await make('POST', '/_security/oauth2/token', {
    grant_type: 'client_credentials',
  });
  const key = await make('PUT', '/_security/api_key', { name: 'first' });
  world = { elasticsearch, secure, token: `Bearer ${access_token}`, key };
});
afterAll(() => Promise.all([world.elasticsearch.close(), world.secure.close()]));

/** What clients are told is of a closed list, whatever anybody did. */
const { denial } = createVerifier({ nodes: 'https://es.internal:9200' });
const cause = new LookupError('closed', 'never asked');
const told: ReadonlySet<string> = new Set([
  ...rejectionCodes.map((code) => denial({ kind: 'rejected', code }).body.detail),
  ...unavailableCodes.map(
    (code) => denial({ kind: 'unavailable', code, retryAfterMs: 1_000, cause }).body.detail,
  ),
  denial({ kind: 'rejected', code: 'credentials_malformed' }, 'ApiKey id:api_key').body.detail,
  'The identity has no roles. API keys and service accounts are judged by privileges, not by roles.',
  'This route is not set up to authenticate its callers.',
]);

test('there are fifty at least, and no two the same', () => {
  const done = table.flatMap(([, mistakes]) => mistakes.map(({ done }) => done));
  expect(new Set(done).size).toBe(done.length);
  expect(done.length).toBeGreaterThanOrEqual(50);
});

describe.each(table)('%s', (_about, mistakes) => {
  test.each(mistakes.map((mistake) => [mistake.done, mistake] as const))('%s', async (_done, mistake) => {
    const { code, cure, status, make } = mistake;
    let seen: Seen = {};
    const messages: string[] = [];
    const codes: unknown[] = [];
    const warnings = await warningsDuring(async () => {
      try {
        seen = ((await make(world)) ?? {}) as Seen;
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
        codes.push(error.code);
        messages.push(error.message);
      }
    });
    const warned = warnings.filter(({ name }) => name === 'EsauthWarning');
    expect(seen.status).toBe(status);
    codes.push(seen.code, ...warned.map((warning) => warning.code));
    expect(codes).toContain(code);

    messages.push(...(seen.messages ?? []), ...warned.map(({ message }) => message));
    // To whoever runs it, worded as all is; what his callers are told is of a closed list.
    const ours = messages.filter((message) => !told.has(message));
    for (const message of ours) {
      expect(textOf(message)).not.toContain(world.token.slice(7, 15));
    }
    const all = [...ours.map(textOf), seen.text ?? ''];
    expect(all.some((text) => text.includes(cure))).toBe(true);
    // The cluster's say the same wherever they show.
    if (mistakes === clusterMistakes) for (const message of ours) expect(message).toContain(cure);
    if (seen.detail !== undefined) expect(told).toContain(seen.detail);
  });
});
