/**
 * A trial or platinum licence that has expired. There is no period of grace (`getXPackLicenseStatus`, read in 8.x and
 * 9.x): what needs one is refused as without one, which is recorded of a basic licence (`licence-basic`); and the
 * health of the cluster is nobody's business (`SecurityActionFilter`).
 */

import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiKey, basic, bearer, type Incoming, send } from '../../support/http-client.js';

const admin = basic('elastic', 'changeme');
const ticket = Buffer.from('a ticket').toString('base64');
const hidden = { indices: [{ names: ['docs'], privileges: ['read'], query: '{"match_all":{}}' }] };

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator({
    roles: { hidden },
    users: { alice: { password: 'alice-password', roles: ['hidden'] } },
    kerberosTickets: { [ticket]: { username: 'karl', roles: ['superuser'] } },
  });
  await ask('PUT /docs/_doc/1', { a: 1 });
});
afterEach(() => emulator.close());

function ask(line: string, body?: unknown, headers: object = admin): Promise<Incoming> {
  const [method = '', path = ''] = line.split(' ');
  return send(emulator.url + path, { method, headers: { ...headers }, body });
}

const me = 'GET /_security/_authenticate';
const statusOf = async (headers: object): Promise<number> => (await ask(me, undefined, headers)).status;

test.each<[feature: string, line: string, body?: object | undefined, as?: object]>([
  ['security tokens', 'POST /_security/oauth2/token', { grant_type: 'client_credentials' }],
  ['security tokens', 'DELETE /_security/oauth2/token', { username: 'alice' }],
  ['field and document level security', 'PUT /_security/role/other', hidden],
  ['field and document level security', 'GET /docs/_search', undefined, basic('alice', 'alice-password')],
  [
    'advanced-remote-cluster-security',
    'POST /_security/cross_cluster/api_key',
    { name: 'c', access: { search: [{ names: ['docs'] }] } },
  ],
  ['user-profile-collaboration', 'GET /_security/profile/_suggest'],
  [
    'user-profile-collaboration',
    'POST /_security/profile/_has_privileges',
    { uids: ['u'], privileges: { cluster: ['all'] } },
  ],
  ['security', 'GET /_cluster/health'],
  ['security', 'GET /_cat/health'],
])('%s: %s', async (feature, line, body, as = admin) => {
  const before = await ask(line, body, as);
  expect(before.status).toBeLessThan(300);
  const mend = emulator.cluster('licence expired');
  const { status, json } = await ask(line, body, as);
  expect([status, json.error.type, json.error.reason, json.error['license.expired.feature']]).toEqual([
    403,
    'security_exception',
    `current license is non-compliant for [${feature}]`,
    feature,
  ]);
  mend();
  expect((await ask(line, body, as)).status).toBe(before.status);
});

test('who signs in: nobody with an access token or a ticket, everybody else as before', async () => {
  const token = (await ask('POST /_security/oauth2/token', { grant_type: 'client_credentials' })).json;
  const key = (await ask('PUT /_security/api_key', { name: 'k' })).json;
  const service = (await ask('PUT /_security/service/elastic/kibana/credential/token/t')).json;
  const access = bearer(token.access_token);
  const kerberos = { authorization: `Negotiate ${ticket}` };
  const unharmed = [
    admin,
    basic('alice', 'alice-password'),
    apiKey(key.encoded),
    bearer(service.token.value),
  ];
  for (const headers of [access, kerberos, ...unharmed]) expect(await statusOf(headers)).toBe(200);
  expect(challengesOf(await ask(me, undefined, {}))).toContain('Negotiate');

  const mend = emulator.cluster('licence expired');
  for (const headers of unharmed) expect(await statusOf(headers)).toBe(200);
  const refused = await ask(me, undefined, access);
  expect([refused.status, refused.json.error.additional_unsuccessful_credentials]).toEqual([
    401,
    'oauth2 token: invalid token',
  ]);
  const refusedTicket = await ask(me, undefined, kerberos);
  expect(refusedTicket.status).toBe(401);
  expect(challengesOf(refusedTicket)).not.toContain('Negotiate');

  mend();
  for (const headers of [access, kerberos, ...unharmed]) expect(await statusOf(headers)).toBe(200);
});

function challengesOf({ json }: Incoming): string[] {
  return json.error.header['WWW-Authenticate'];
}

test('the licence says so, and since when', async () => {
  await emulator.clock.advance(86_400_000);
  emulator.cluster('licence expired');
  const now = emulator.clock.now();
  await emulator.clock.advance(60_000);
  const { license } = (await ask('GET /_license')).json;
  expect([license.type, license.status]).toEqual(['trial', 'expired']);
  expect(Math.abs(license.expiry_date_in_millis - now)).toBeLessThan(30_000);
  expect((await ask('GET /_xpack')).json.license.status).toBe('expired');
});

test('a basic licence does not expire', async () => {
  const basicLicence = await startEmulator({ license: 'basic' });
  basicLicence.cluster('licence expired');
  const get = async (path: string) => (await send(basicLicence.url + path, { headers: admin })).json;
  expect((await get('/_license')).license.status).toBe('active');
  expect((await get('/_cluster/health')).status).toBe('green');
  await basicLicence.close();
});
