/**
 * What callers may see and do of documents and indices: the queries and fields of roles and API keys, on each
 * side of a key's limits, and the words of denials.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

type Headers = Record<string, string>;

const onDocs = (more: object) => ({ indices: [{ names: ['docs'], privileges: ['read'], ...more }] });
const ofCountry = (country: string) => ({ query: { term: { 'country.keyword': country } } });

let cluster: Cluster;
beforeAll(async () => {
  const roles: Record<string, Record<string, unknown>> = {
    china: onDocs(ofCountry('China')),
    usa: onDocs(ofCountry('USA')),
    everything: onDocs({}),
    pattern: { indices: [{ names: ['doc*'], privileges: ['read'] }] },
    names: onDocs({ field_security: { grant: ['name', 'country*', 'address.*'], except: ['*.street'] } }),
    secrets: onDocs({ field_security: { grant: ['secret'] } }),
    nothing: onDocs({ field_security: { grant: [] } }),
    elsewhere: { indices: [{ names: ['other-*'], privileges: ['all'] }] },
    monitor: { cluster: ['monitor'] },
    writer: { indices: [{ names: ['docs'], privileges: ['write', 'read'], ...ofCountry('USA') }] },
    keys: { cluster: ['manage_own_api_key'] },
  };
  const combinations = [
    ...Object.keys(roles),
    'china+usa',
    'china+everything',
    'china+pattern',
    'names+pattern',
    'names+secrets',
    'china+names',
  ];
  const users = Object.fromEntries(
    combinations.map((names) => [names, { password: 'password', roles: [...names.split('+'), 'keys'] }]),
  );
  cluster = await emulated({ users, roles });
});
afterAll(() => cluster.close());

const china = { country: 'China', name: 'Li', secret: 's1', address: { city: 'Xi’an', street: 'x' } };
const usa = { country: 'USA', name: 'Lee', secret: 's2', address: { city: 'Reno', street: 'y' } };
const as = (name: string): Headers => basic(name, 'password');
const ask = (line: string, headers?: Headers, body?: unknown) =>
  cluster.ask(line, { ...(headers && { headers }), body });

beforeEach(async () => {
  await ask('DELETE /docs');
  await ask('PUT /docs/_doc/c', undefined, china);
  await ask('PUT /docs/_doc/u', undefined, usa);
});

/** What somebody finds, and that counting and getting agree with it. */
async function seenBy(headers: Headers, query?: object): Promise<string[]> {
  const body = query && { query };
  const { json } = await ask('POST /docs/_search', headers, body);
  const found: string[] = json.hits.hits.map((hit: { _id: string }) => hit._id);
  expect(json.hits.total.value).toBe(found.length);
  expect((await ask('POST /docs/_count', headers, body)).json.count).toBe(found.length);
  if (query !== undefined) return found;
  for (const id of ['c', 'u']) {
    const got = await ask(`GET /docs/_doc/${id}`, headers);
    expect([got.status, got.json.found]).toEqual(found.includes(id) ? [200, true] : [404, false]);
    expect((await ask(`HEAD /docs/_doc/${id}`, headers)).status).toBe(got.status);
  }
  return found;
}

async function keyOf(
  owner: Headers | undefined,
  roleDescriptors?: object,
): Promise<{ id: string } & Headers> {
  const { json } = await ask('POST /_security/api_key', owner, {
    name: 'key',
    role_descriptors: roleDescriptors,
  });
  return { id: json.id, ...apiKey(json.encoded) };
}

describe('documents', () => {
  test.each([
    ['china', ['c']],
    ['usa', ['u']],
    ['everything', ['c', 'u']],
    // One of several queries is enough, and a role without one shows everything.
    ['china+usa', ['c', 'u']],
    ['china+everything', ['c', 'u']],
    ['china+pattern', ['c', 'u']],
  ])('that the roles of a user show: %s', async (user, expected) => {
    expect(await seenBy(as(user))).toEqual(expected);
  });

  test('that a key shows are limited by its own roles and by those of its owner', async () => {
    const seen = async (owner: Headers | undefined, roles?: object) => {
      const { authorization = '' } = await keyOf(owner, roles);
      return seenBy({ authorization });
    };
    expect(await seen(undefined, { r: onDocs(ofCountry('China')) })).toEqual(['c']);
    expect(await seen(as('china'))).toEqual(['c']);
    expect(await seen(as('china'), { r: onDocs({}) })).toEqual(['c']);
    expect(await seen(as('china+usa'), { r: onDocs(ofCountry('USA')) })).toEqual(['u']);
    expect(await seen(as('china'), { r: onDocs(ofCountry('USA')) })).toEqual([]);
    const both = { r: onDocs(ofCountry('China')), s: onDocs(ofCountry('USA')) };
    expect(await seen(as('everything'), both)).toEqual(['c', 'u']);
  });

  test('that somebody sees for whom one acts', async () => {
    const headers = { ...cluster.admin, 'es-security-runas-user': 'china' };
    expect(await seenBy(headers)).toEqual(['c']);
  });

  test('that appear later are shown or not by the same rules', async () => {
    await ask('PUT /docs/_doc/c2', undefined, china);
    await ask('PUT /docs/_doc/u', undefined, china);
    expect(await seenBy(as('china'), { match_all: {} })).toEqual(['c', 'c2', 'u']);
  });

  test('are hidden from every way of finding them', async () => {
    expect(await seenBy(as('china'), { ids: { values: ['u'] } })).toEqual([]);
    expect(await seenBy(as('china'), { bool: { must_not: ofCountry('China').query } })).toEqual([]);
    expect(await seenBy(as('china'), { match: { name: 'lee' } })).toEqual([]);
    const { text } = await ask('GET /_search?sort=name.keyword:desc', as('china'));
    expect(text).not.toContain('Lee');
  });

  test('may not be updated by who sees only a part of them, but replaced and removed', async () => {
    const writer = as('writer');
    const refusal = "Can't execute an update request if field or document level security is enabled";
    expectAnswer(await ask('POST /docs/_update/u', writer, { doc: { a: 1 } }), {
      status: 400,
      body: errorBody(400, 'security_exception', refusal),
    });
    const body = '{"update":{"_index":"docs","_id":"u"}}\n{"doc":{"a":1}}\n';
    const headers = { ...writer, 'content-type': 'application/x-ndjson' };
    const [item] = (await cluster.ask('POST /_bulk', { headers, body })).json.items;
    expect([item.update.status, item.update.error.reason]).toEqual([
      400,
      "Can't execute a bulk item request with update requests embedded if field or document level security is enabled",
    ]);
    expect((await ask('PUT /docs/_doc/c', writer, { country: 'USA' })).status).toBe(200);
    expect((await ask('DELETE /docs/_doc/u', writer)).status).toBe(200);
  });
});

describe('fields', () => {
  const sourceFor = async (user: string, id = 'c') =>
    (await ask(`GET /docs/_doc/${id}`, as(user))).json._source;

  test('that are not granted are neither shown nor found', async () => {
    const seen = { country: 'China', name: 'Li', address: { city: 'Xi’an' } };
    expect(await sourceFor('names')).toEqual(seen);
    const hits = (await ask('GET /docs/_search?_source=name,secret,address', as('names'))).json.hits.hits;
    expect(hits[0]._source).toEqual({ name: 'Li', address: { city: 'Xi’an' } });
    expect(await seenBy(as('names'), { match: { name: 'li' } })).toEqual(['c']);
    expect(await seenBy(as('names'), { match: { secret: 's1' } })).toEqual([]);
    expect(await seenBy(as('names'), { match: { 'address.street': 'x' } })).toEqual([]);
    expect(await seenBy(as('names'), { exists: { field: 'secret' } })).toEqual([]);
    expect(await seenBy(as('names'), { exists: { field: 'address' } })).toEqual(['c', 'u']);
    expect(await seenBy(as('secrets'), { exists: { field: 'address' } })).toEqual([]);
    expect(await seenBy(as('names'), { ids: { values: ['u'] } })).toEqual(['u']);
    // Of the two ways in which a name is kept only one was granted.
    expect(await seenBy(as('names'), { term: { 'name.keyword': 'Li' } })).toEqual([]);
    expect(await seenBy(as('names'), { term: { 'country.keyword': 'USA' } })).toEqual(['u']);
    const sorted = await ask('GET /docs/_search?sort=secret.keyword', as('names'));
    expect(sorted.json.error.root_cause[0].reason).toBe(
      'No mapping found for [secret.keyword] in order to sort on',
    );
  });

  test('of several roles come together', async () => {
    expect(await sourceFor('names+secrets')).toEqual({
      country: 'China',
      name: 'Li',
      address: { city: 'Xi’an' },
      secret: 's1',
    });
    expect(await sourceFor('names+pattern')).toEqual(china);
    expect(await sourceFor('nothing')).toEqual({});
    expect(await sourceFor('everything')).toEqual(china);
  });

  test('are hidden by roles of their own, whatever hides documents', async () => {
    // A role without fields shows all fields, and one without a query all documents.
    expect(await seenBy(as('china+names'))).toEqual(['c', 'u']);
    expect(await sourceFor('china+names', 'u')).toEqual(usa);
    const { authorization = '' } = await keyOf(as('names'), {
      r: onDocs({ field_security: { grant: ['name', 'secret'] }, ...ofCountry('USA') }),
    });
    const { json } = await ask('GET /docs/_search', { authorization });
    expect(json.hits.hits.map((hit: { _source: object }) => hit._source)).toEqual([{ name: 'Lee' }]);
  });

  test('of a mapping are shown as those of documents', async () => {
    await ask('PUT /docs/_doc/o', undefined, { hidden: { deep: { er: 1 } } });
    await ask('PUT /_security/role/meta', undefined, {
      indices: [
        {
          names: ['docs'],
          privileges: ['view_index_metadata'],
          field_security: { grant: ['name', 'address.c*', 'country*'] },
        },
      ],
    });
    await ask('PUT /_security/user/meta', undefined, { password: 'password', roles: ['meta'] });
    const { json } = await ask('GET /docs/_mapping', as('meta'));
    const text = { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 256 } } };
    expect(json.docs.mappings.properties).toEqual({
      address: { properties: { city: text } },
      country: text,
      name: { type: 'text' },
    });
    expect((await ask('GET /docs', as('meta'))).json.docs.mappings).toEqual(json.docs.mappings);
  });
});

describe('who may not', () => {
  const denied = (action: string, who: string, where: string, privileges: string) => ({
    status: 403,
    body: errorBody(
      403,
      'security_exception',
      `action [${action}] is unauthorized for ${who}${where}, this action is granted by the index privileges [${privileges}]`,
    ),
  });
  const reading = 'indices:data/read/search';

  test('search an index is told so, also if it does not exist', async () => {
    const who = 'user [elsewhere] with effective roles [elsewhere,keys]';
    const all = denied(reading, who, ' on indices [docs,missing]', 'read,all');
    expectAnswer(await ask('GET /docs,missing,other-x/_search', as('elsewhere')), all);
    expectAnswer(
      await ask('GET /docs/_doc/c', as('elsewhere')),
      denied('indices:data/read/get', who, ' on indices [docs]', 'read,all'),
    );
    expect((await ask('GET /other-x/_search', as('elsewhere'))).status).toBe(404);
  });

  test('search any index is told so, even of patterns', async () => {
    const key = await keyOf(undefined, { r: { cluster: ['monitor'] } });
    const { id, ...headers } = key;
    const who = `API key id [${id}] of user [elastic]`;
    expect((await ask('GET /_cluster/health', headers)).status).toBe(200);
    for (const path of ['/_search', '/*/_search', '/_all/_count']) {
      expectAnswer(await ask(`GET ${path}`, headers), denied(reading, who, '', 'read,all'));
    }
    expectAnswer(
      await ask('GET /docs/_search', headers),
      denied(reading, who, ' on indices [docs]', 'read,all'),
    );
    expectAnswer(
      await ask('PUT /docs/_doc/1', headers, {}),
      denied('indices:data/write/index', who, ' on indices [docs]', 'create_doc,create,index,write,all'),
    );
  });

  test('see an index finds nothing in it by patterns, and is passed over on request', async () => {
    expect((await ask('GET /_search', as('elsewhere'))).json.hits.total.value).toBe(0);
    expect((await ask('GET /d*/_search', as('elsewhere'))).json._shards.total).toBe(0);
    const ignored = await ask('GET /docs/_search?ignore_unavailable=true', as('elsewhere'));
    expect([ignored.status, ignored.json.hits.total.value]).toEqual([200, 0]);
  });

  test.each<[string, string, string, object?]>([
    ['PUT /docs/_doc/1', 'indices:data/write/index', 'create_doc,create,index,write,all', {}],
    ['PUT /docs/_create/1', 'indices:data/write/index', 'create_doc,create,index,write,all', {}],
    ['POST /docs/_update/c', 'indices:data/write/update', 'index,write,all', { doc: {} }],
    ['DELETE /docs/_doc/c', 'indices:data/write/delete', 'delete,write,all'],
    ['DELETE /docs', 'indices:admin/delete', 'delete_index,manage,all'],
    ['PUT /docs', 'indices:admin/create', 'create_index,manage,all'],
    ['GET /docs', 'indices:admin/get', 'view_index_metadata,manage,all'],
    ['GET /docs/_mapping', 'indices:admin/mappings/get', 'view_index_metadata,manage,all'],
    ['PUT /docs/_mapping', 'indices:admin/mapping/put', 'manage,all', {}],
    ['POST /docs/_refresh', 'indices:admin/refresh', 'maintenance,manage,all'],
  ])('%s', async (line, action, privileges, body) => {
    const who = 'user [everything] with effective roles [everything,keys]';
    expectAnswer(
      await ask(line, as('everything'), body),
      denied(action, who, ' on indices [docs]', privileges),
    );
  });

  test('replace documents may add them, with a new id or none', async () => {
    const { id, ...headers } = await keyOf(undefined, {
      r: { indices: [{ names: ['docs'], privileges: ['create_doc'] }] },
    });
    expect((await ask('POST /docs/_doc', headers, china)).status).toBe(201);
    expect((await ask('PUT /docs/_create/new', headers, china)).status).toBe(201);
    expectAnswer(
      await ask('PUT /docs/_doc/newer', headers, china),
      denied(
        'indices:data/write/index:op_type/index',
        `API key id [${id}] of user [elastic]`,
        ' on indices [docs]',
        'create,index,write,all',
      ),
    );
  });

  test('write in bulk write nothing, whichever single action they may do', async () => {
    const { id, ...headers } = await keyOf(undefined, {
      r: { indices: [{ names: ['docs'], privileges: ['indices:data/write/delete'] }] },
    });
    expectAnswer(
      await ask('DELETE /docs/_doc/c', headers),
      denied(
        'indices:data/write/bulk[s]',
        `API key id [${id}] of user [elastic]`,
        ' on indices [docs]',
        'create_doc,create,delete,index,write,all',
      ),
    );
  });

  // A 9.5.0 was recorded to take a document with a new field from a writer; by its source every release does.
  test.each(['create_doc', 'create', 'index', 'write'])(
    'do more than %s may add fields',
    async (privilege) => {
      const indices = [{ names: ['fields'], privileges: [privilege] }];
      for (const version of ['7.17', '8.10', '9.5']) {
        const other = await emulated({ version });
        await other.ask('PUT /fields');
        const body = { name: 'k', role_descriptors: { r: { indices } } };
        const headers = apiKey((await other.ask('POST /_security/api_key', { body })).json.encoded);
        const stored = await other.ask('PUT /fields/_create/1', { headers, body: { fresh: 1 } });
        expect(stored.status).toBe(201);
        const properties = { declared: { type: 'long' } };
        const declared = await other.ask('PUT /fields/_mapping', { headers, body: { properties } });
        expect(declared.status).toBe(200);
        await other.close();
      }
    },
  );

  test('add fields may write no document that has them, if their privilege has no name', async () => {
    const indices = [
      { names: ['docs'], privileges: ['indices:data/write/index*', 'indices:data/write/bulk*'] },
    ];
    const { id, ...headers } = await keyOf(undefined, { r: { indices } });
    expect((await ask('PUT /docs/_doc/c', headers, china)).status).toBe(200);
    expectAnswer(
      await ask('PUT /docs/_doc/c', headers, { ...china, fresh: 1 }),
      denied(
        'indices:admin/mapping/auto_put',
        `API key id [${id}] of user [elastic]`,
        ' on indices [docs]',
        'auto_configure,manage,write,all',
      ),
    );
  });
});

test('with a basic licence, keys that hide something can be made but not used, and roles not even made', async () => {
  const basicLicence = await emulated({ license: 'basic' });
  await basicLicence.ask('PUT /docs/_doc/c', { body: china });
  const body = { name: 'k', role_descriptors: { r: onDocs(ofCountry('China')) } };
  const { encoded } = (await basicLicence.ask('POST /_security/api_key', { body })).json;
  const feature = 'field and document level security';
  const refused = await basicLicence.ask('GET /docs/_search', { headers: apiKey(encoded) });
  expectAnswer(refused, {
    status: 403,
    body: errorBody(403, 'security_exception', `current license is non-compliant for [${feature}]`, {
      'license.expired.feature': feature,
      indices_with_dls_or_fls: 'docs',
    }),
  });
  const put = (entry: object) =>
    basicLicence.ask('PUT /_security/role/r', {
      body: { indices: [{ names: ['docs'], privileges: ['read'], ...entry }] },
    });
  const needsMore = errorBody(403, 'security_exception', refused.json.error.reason, {
    'license.expired.feature': feature,
  });
  for (const entry of [
    { query: { match_all: {} } },
    { field_security: { grant: ['a'] } },
    { field_security: { grant: ['*'], except: ['a'] } },
  ]) {
    expectAnswer(await put(entry), { status: 403, body: needsMore });
  }
  expect((await put({ field_security: { grant: ['*'] } })).status).toBe(200);
  await basicLicence.close();
});
