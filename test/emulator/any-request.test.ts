/** Generated requests: whatever comes, the answer is one that Elasticsearch could give, and the next one is right. */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basic, bearer } from '../support/http-client.js';
import { signJwt } from '../support/jwt.js';
import { type Cluster, emulated } from './cluster.js';

// Somebody whose password and roles no generated request gets hold of.
const root = basic('root', 'password');

const hmacKey = 'a text of at least thirty-two bytes';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await emulated({
    kerberosTickets: { YWJj: { username: 'k' } },
    jwtRealms: [
      {
        allowedIssuer: 'i',
        allowedAudiences: ['a'],
        allowedSignatureAlgorithms: ['HS256'],
        hmacKey,
        claims: { principal: 'sub', groups: 'groups', mail: 'mail' },
        clientAuthentication: { type: 'none' },
      },
    ],
    users: { root: { password: 'password', roles: ['superuser'] } },
  });
});
afterAll(() => cluster.close());

const names = fc.oneof(
  fc.constantFrom(
    'elastic',
    'alice',
    '__proto__',
    'constructor',
    '',
    '*',
    '%',
    '%2e%2e',
    'a,b',
    'a%20b',
    '%C3%A9',
    '_x',
  ),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const paths = fc.oneof(
  fc.constantFrom(
    '/',
    '/_cluster/health',
    '/_license',
    '/_security/_authenticate',
    '/_security/oauth2/token',
    '/_security/api_key',
    '/_security/api_key/grant',
    '/_security/api_key/clone',
    '/_security/api_key/_bulk_update',
    '/_security/_query/api_key',
    '/_security/_query/user',
    '/_security/cross_cluster/api_key',
    '/_security/service',
    '/_security/user/_has_privileges',
    '/_security/user/_privileges',
    '/_security/privilege',
    '/_security/privilege/_builtin',
    '/_search',
    '/_count',
    '/_mapping',
    '/_bulk',
    '/docs/_bulk',
    '/docs/_doc',
    '/docs/_search',
    '/docs/_mapping',
  ),
  fc
    .tuple(
      fc.constantFrom(
        '/_security/user/NAME',
        '/_security/user/NAME/_password',
        '/_security/user/NAME/_disable',
        '/_security/user/NAME/_has_privileges',
        '/_security/privilege/NAME',
        '/_security/privilege/NAME/NAME',
        '/_security/role/NAME',
        '/_security/role_mapping/NAME',
        '/_security/api_key/NAME',
        '/_security/cross_cluster/api_key/NAME',
        '/_security/service/elastic/NAME/credential/token/NAME',
        '/NAME/NAME',
        '/NAME',
        '/NAME/_doc/1',
        '/docs/_doc/NAME',
        '/docs/_update/NAME',
        '/docs/_create/NAME',
        '/NAME/_search',
      ),
      names,
    )
    .map(([path, name]) => path.replaceAll('NAME', name)),
);
const queries = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(
    '?pretty',
    '?filter_path=**.a,-b',
    '?owner=x',
    '?id=a&name=b',
    '?%',
    '?foo=bar&owner',
    '?active_only',
  ),
  fc.string({ maxLength: 10 }).map((text) => `?${encodeURIComponent(text)}`),
);
const fields = fc.constantFrom(
  ...[
    'grant_type',
    'username',
    'password',
    'kerberos_ticket',
    'refresh_token',
    'token',
    'realm_name',
    'scope',
  ],
  ...[
    'name',
    'expiration',
    'metadata',
    'role_descriptors',
    'ids',
    'owner',
    'api_key',
    'access_token',
    'run_as',
  ],
  ...[
    'query',
    'sort',
    'from',
    'size',
    'search_after',
    'access',
    'search',
    'replication',
    'names',
    'privileges',
  ],
  ...[
    'roles',
    'rules',
    'enabled',
    'full_name',
    'email',
    'password_hash',
    'cluster',
    'indices',
    'field_security',
  ],
  ...[
    'grant',
    'except',
    'bool',
    'must',
    'should',
    'term',
    'range',
    'gte',
    'ids',
    'values',
    'exists',
    'field',
  ],
  ...[
    'any',
    'all',
    'applications',
    'application',
    'resources',
    'global',
    'restriction',
    'workflows',
    '__proto__',
  ],
  ...[
    'match',
    'match_all',
    'terms',
    'operator',
    '_source',
    'track_total_hits',
    'index',
    '_id',
    '_index',
    'doc',
    'upsert',
    'mappings',
    'properties',
    'type',
    'settings',
    'a.b',
  ],
);
const leaves = fc.oneof(
  fc.constantFrom<unknown>(
    'password',
    'client_credentials',
    '_kerberos',
    'refresh_token',
    'YWJj',
    '1d',
    'x',
    '',
    '*',
    'creation',
  ),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e30, 10_000),
  fc.string({ maxLength: 8 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaves,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(fields, tie('value')), { maxLength: 5 }).map((members) => ({ members })),
  ),
}));

/** JSON with members in any order and, now and then, twice. */
function write(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(write).join(',')}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  const { members } = json as { members: [string, unknown][] };
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`;
}

const bodies = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(fc.tuple(fields, value), { maxLength: 5 }).map((members) => write({ members })),
  },
  { weight: 1, arbitrary: value.map(write).map((text) => text.slice(0, text.length / 2)) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.oneof(
          value.map(write),
          fc
            .tuple(fc.constantFrom('index', 'create', 'update', 'delete'), fc.array(fc.tuple(fields, leaves)))
            .map(([kind, members]) => write({ members: [[kind, { members }]] })),
        ),
      )
      .map((lines) => lines.map((line) => `${line}\n`).join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

test('any request gets an answer that Elasticsearch could give, and does not disturb the next', async () => {
  const requests = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    path: paths,
    query: queries,
    body: fc.option(bodies, { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, query, body }) => {
      const headers = { ...root, 'content-type': 'application/json' };
      const response = await cluster.ask(`${method} ${path}${query}`, { headers, ...(body && { body }) });
      expect(response.text).not.toContain('the emulator failed');
      expect(response.header('content-type')).toEqual(['application/json']);
      // 500 is Elasticsearch's answer to a Kerberos ticket that is not Base64.
      const known = [
        200,
        201,
        400,
        401,
        403,
        404,
        405,
        409,
        ...(body?.includes('kerberos_ticket') ? [500] : []),
      ];
      expect(known).toContain(response.status);
      JSON.parse(response.text);
      expect((await cluster.ask('GET /_security/_authenticate', { headers: root })).json.username).toBe(
        'root',
      );
    }),
    { numRuns: 1_500 },
  );
}, 60_000);

/** What a token says; a signature may be spelled in several ways. */
function said(token: string): string {
  const parts = token.split('.');
  const signature = Buffer.from(parts.pop() ?? '', 'base64url').toString('hex');
  return [...parts, signature].join('.');
}

test('any claims in a token that is signed, and any change of it, get one, too', async () => {
  const claim = fc.oneof(
    fc.constantFrom('i', 'a', 'alice', 0, 1, -1, 4_070_908_800, 1e300, null, true, '', ' '),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const names = ['iss', 'aud', 'sub', 'exp', 'iat', 'nbf', 'auth_time', 'groups', 'mail', 'jti', '__proto__'];
  const good = { iss: 'i', aud: 'a', sub: 'alice', iat: 1, exp: 4_070_908_800 };
  const changes = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), claim, { maxKeys: 3 });
  const cut = fc.tuple(fc.nat(400), fc.constantFrom('', '.', '..', '!', 'A', '='), fc.nat(3));
  await fc.assert(
    fc.asyncProperty(changes, fc.option(cut), async (changed, change) => {
      const claims = { ...good, ...changed };
      const whole = await signJwt(hmacKey, claims, 0, { alg: 'HS256' });
      const [at, text, length] = change ?? [0, '', 0];
      const token = whole.slice(0, at) + text + whole.slice(at + length);
      const response = await cluster.ask('GET /_security/_authenticate', { headers: bearer(token) });
      expect(response.text).not.toContain('the emulator failed');
      if (said(token) !== said(whole)) expect([400, 401]).toContain(response.status);
      if (response.status === 200) expect(response.json.username).toBe(claims.sub);
      else expect([400, 401]).toContain(response.status);
    }),
    { numRuns: 500, examples: [[{}, null]] },
  );
  const { json } = await cluster.ask('GET /_security/_authenticate', {
    headers: bearer(await signJwt(hmacKey, good, 0, { alg: 'HS256' })),
  });
  expect(json.username).toBe('alice');
}, 60_000);
