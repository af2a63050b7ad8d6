/** Names that mean something to JavaScript, and nothing to Elasticsearch. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Cluster, emulated } from '../cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated();
});
afterAll(() => cluster.close());

const json = { 'content-type': 'application/json' };
const raw = (line: string, body: string | Buffer, headers: object = json) =>
  cluster.ask(line, { headers: { ...cluster.admin, ...headers }, body });

describe('names like any other', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

  test.each(names)('a user and a role called %s', async (name) => {
    const role = { cluster: ['monitor'] };
    expect((await cluster.ask(`GET /_security/user/${name}`)).json).toEqual({});
    expect((await cluster.ask(`GET /_security/role/${name}`)).status).toBe(404);
    expect((await cluster.ask(`PUT /_security/role/${name}`, { body: role })).json).toEqual({
      role: { created: true },
    });
    const user = { password: 'password', roles: [name] };
    expect((await cluster.ask(`PUT /_security/user/${name}`, { body: user })).json).toEqual({
      created: true,
    });
    const headers = basic(name, 'password');
    expect((await cluster.ask('GET /_security/_authenticate', { headers })).json.username).toBe(name);
    expect((await cluster.ask('GET /_cluster/health', { headers })).status).toBe(200);
    expect((await cluster.ask(`GET /_security/user/${name}`)).text).toMatch(
      `{"${name}":{"username":"${name}"`,
    );
    expect((await cluster.ask(`DELETE /_security/user/${name}`)).json).toEqual({ found: true });
    expect((await cluster.ask(`DELETE /_security/role/${name}`)).json).toEqual({ found: true });
  });

  test.each(names)('an API key called %s, with metadata and a role descriptor of that name', async (name) => {
    const metadata = name === '__proto__' ? `{"a":{"${name}":{"b":1.0}}}` : `{"${name}":{"${name}":[1]}}`;
    const body = `{"name":"x${name}","metadata":${metadata},"role_descriptors":{"${name}":{"cluster":["monitor"]}}}`;
    const { id, encoded } = (await raw('PUT /_security/api_key', body)).json;
    const listed = await cluster.ask(`GET /_security/api_key?id=${id}`);
    expect(listed.text).toContain(`"metadata":${metadata}`);
    expect(listed.text).toContain(`"role_descriptors":{"${name}":{"cluster":["monitor"]`);
    expect(
      (await cluster.ask('GET /_cluster/health', { headers: { authorization: `ApiKey ${encoded}` } })).status,
    ).toBe(200);
  });

  test('a grant called __proto__ is none', async () => {
    const response = await raw('POST /_security/oauth2/token', '{"grant_type":"__proto__"}');
    expect(response.json.error).toBe('unsupported_grant_type');
  });
});
