/** The words in which something is denied: where, to whom with which roles, and what would have allowed it. */

import { describe, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { emulated, errorBody, expectAnswer } from '../cluster.js';

const password = 's3krit-password';

describe('the indices in a denial', () => {
  test.each([
    ['.security-7', 'on restricted indices [.security-7]'],
    ['logs-1', undefined],
    ['other', 'on indices [other]'],
  ])('reading %s: %s', async (index, where) => {
    const cluster = await emulated({
      roles: {
        reader: { indices: [{ names: ['logs-*', '.sec*'], privileges: ['read'] }] },
        failures: { indices: [{ names: '*', privileges: ['read_failure_store'] }] },
      },
      users: { joe: { password, roles: ['reader', 'failures'] } },
    });
    const response = await cluster.ask(`GET /${index}/_search`, { headers: basic('joe', password) });
    const reason =
      `action [indices:data/read/search] is unauthorized for user [joe] with effective roles [failures,reader] ${where}, ` +
      'this action is granted by the index privileges [read,all]';
    if (where === undefined) expect(response.status).toBe(404);
    else {
      expectAnswer(response, { status: 403, body: errorBody(403, 'security_exception', reason) });
    }
    await cluster.close();
  });
});

describe('the roles in a denial', () => {
  test.each([
    ['8.0', 'user [none] with roles []'],
    ['8.0', 'user [two] with roles [b,a]'],
    ['8.2', 'user [none] with no declared roles'],
    ['8.2', 'user [two] with declared roles [b,a] (all resolved)'],
    ['8.2', 'user [mixed] with declared roles [a,gone] (unresolved [gone])'],
    ['8.2', 'user [lost] with declared roles [gone,left] (none resolved)'],
    ['8.3', 'user [two] with effective roles [a,b]'],
    ['8.3', 'user [lost] with effective roles [] (assigned roles [gone,left] were not found)'],
  ])('of %s: %s', async (version, who) => {
    const cluster = await emulated({
      version,
      roles: { a: {}, b: {} },
      users: {
        none: { password, roles: [] },
        two: { password, roles: ['b', 'a'] },
        mixed: { password, roles: ['a', 'gone'] },
        lost: { password, roles: ['gone', 'left'] },
      },
    });
    const [, name = ''] = /\[(\w+)\]/.exec(who) ?? [];
    const { json } = await cluster.ask('GET /_cluster/health', { headers: basic(name, password) });
    expect(json.error.reason).toBe(
      `action [cluster:monitor/health] is unauthorized for ${who}, this action is granted by the cluster privileges [monitor,manage,all]`,
    );
    await cluster.close();
  });

  test.each([
    ['8.0', 'with roles [b,a]'],
    ['8.2', 'with no declared roles'],
    ['8.3', 'with effective roles [a,b]'],
  ])('of %s to somebody who wants to run as somebody: %s', async (version, described) => {
    const cluster = await emulated({
      version,
      roles: { a: {}, b: {} },
      users: { two: { password, roles: ['b', 'a'] }, none: { password, roles: [] } },
    });
    const headers = { ...basic('two', password), 'es-security-runas-user': 'none' };
    const { json } = await cluster.ask('GET /_cluster/health', { headers });
    expect(json.error.reason).toBe(
      `action [cluster:monitor/health] is unauthorized for user [two] ${described}, because user [two] is unauthorized to run as [none]`,
    );
    await cluster.close();
  });
});
