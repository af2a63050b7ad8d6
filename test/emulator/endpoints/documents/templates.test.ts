/**
 * Queries of roles that are filled in for each user. The first ones are those of Elasticsearch's own suite
 * (`x-pack/qa/smoke-test-security-with-mustache`, 10 and 11); what the language does is `CustomMustacheFactory` and
 * mustache.java, and what is said of bad templates `Script`, `ScriptService` and `DLSRoleQueryValidator`.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, emulated } from '../../cluster.js';

type Headers = Record<string, string>;

let cluster: Cluster;
beforeAll(async () => {
  const metadata = {
    groups: ['alice', 'bob'],
    'with.point': 'alice',
    nested: { name: 'alice', list: [{ name: 'alice' }, { name: 'bob' }] },
    quoted: 'a"b',
    zero: 0,
    no: false,
    nothing: null,
    empty: [],
    address: 'a b&c/ü*',
  };
  cluster = await emulated({
    users: {
      alice: { password: 'secret', roles: ['own'], full_name: 'Alice A', email: 'a@example.org', metadata },
      bob: { password: 'secret', roles: ['own'] },
      carol: { password: 'secret', roles: ['own', 'of bob'] },
      runner: { password: 'secret', roles: ['runner'] },
    },
    roles: {
      own: { cluster: ['manage_own_api_key'], indices: [onDocs({ source: owner('{{_user.username}}') })] },
      'of bob': { indices: [onDocs({ source: owner('{{who}}'), params: { who: 'bob' } })] },
      runner: { run_as: ['alice'], indices: [onDocs({ source: owner('{{_user.username}}') })] },
    },
  });
  for (const name of ['alice', 'bob', 'runner', 'a"b'])
    await cluster.ask(`PUT /docs/_doc/${encodeURIComponent(name)}`, { body: { owner: name } });
});
afterAll(() => cluster.close());

const owner = (name: string) => ({ term: { 'owner.keyword': name } });

function onDocs(template: unknown) {
  return { names: ['docs'], privileges: ['read', 'write'], query: { template } };
}

const as = (name: string): Headers => basic(name, 'secret');

async function found(headers: Headers): Promise<string[]> {
  const { json } = await cluster.ask('GET /docs/_search', { headers });
  const ids: string[] = json.hits.hits.map((hit: { _id: string }) => hit._id);
  const counted = await cluster.ask('GET /docs/_count', { headers });
  expect(counted.json.count).toBe(ids.length);
  return ids;
}

/** What `alice` gets to see, or is told, by a template. */
async function seenBy(template: unknown): Promise<string[]> {
  const put = await cluster.ask('PUT /_security/role/own', {
    body: { cluster: ['manage_own_api_key'], indices: [onDocs(template)] },
  });
  expect(put.status).toBe(200);
  return found(as('alice'));
}

describe('each user sees', () => {
  test('what is his', async () => {
    expect(await found(as('alice'))).toEqual(['alice']);
    expect(await found(as('bob'))).toEqual(['bob']);
  });

  test('what any of his roles shows, with the parameters of each', async () => {
    expect(await found(as('carol'))).toEqual(['bob']);
  });

  test('what belongs to the one he runs as', async () => {
    expect(await found(as('runner'))).toEqual(['runner']);
    expect(await found({ ...as('runner'), 'es-security-runas-user': 'alice' })).toEqual(['alice']);
  });

  test('one document or not, as a whole', async () => {
    const own = await cluster.ask('GET /docs/_doc/alice', { headers: as('alice') });
    const other = await cluster.ask('GET /docs/_doc/bob', { headers: as('alice') });
    expect([own.status, other.status, other.json.found]).toEqual([200, 404, false]);
  });
});

describe('a key', () => {
  async function keyOf(headers: Headers, roleDescriptors?: object): Promise<Headers> {
    const body = { name: 'key', role_descriptors: roleDescriptors };
    const { json } = await cluster.ask('POST /_security/api_key', { headers, body });
    return apiKey(json.encoded);
  }

  test('sees what its owner sees: it is the owner that is filled in (ApiKeyService)', async () => {
    expect(await found(await keyOf(as('alice')))).toEqual(['alice']);
  });

  test('is limited by templates of its own as well', async () => {
    const descriptors = { r: { indices: [onDocs({ source: owner('{{_user.username}}') })] } };
    expect(await found(await keyOf(cluster.admin, descriptors))).toEqual([]);
    expect(await found(await keyOf(as('bob'), descriptors))).toEqual(['bob']);
    expect(
      await found(await keyOf(as('bob'), { r: { indices: [onDocs({ source: owner('alice') })] } })),
    ).toEqual([]);
  });

  test('has no roles, but the metadata of its owner', async () => {
    const condition = '{{^_user.roles}}{{_user.metadata.nested.name}}{{/_user.roles}}';
    const descriptors = { r: { indices: [onDocs({ source: owner(condition) })] } };
    expect(await found(await keyOf(as('alice'), descriptors))).toEqual(['alice']);
  });
});

test.each([
  [
    'POST /docs/_update/alice',
    { doc: { n: 1 } },
    "Can't execute an update request if field or document level security is enabled",
  ],
])('whoever sees only a part may not change it: %s', async (line, body, reason) => {
  const { status, json } = await cluster.ask(line, { headers: as('alice'), body });
  expect([status, json.error.reason]).toEqual([400, reason]);
});

test('nor by several writes at once, though he may store documents anew', async () => {
  const lines = [
    { update: { _index: 'docs', _id: 'alice' } },
    { doc: { n: 1 } },
    { create: { _index: 'docs', _id: 'new' } },
    {},
  ];
  const { json } = await cluster.ask('POST /_bulk', {
    headers: { ...as('alice'), 'content-type': 'application/x-ndjson' },
    body: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`,
  });
  await cluster.ask('DELETE /docs/_doc/new');
  expect(
    json.items.map((item: Record<string, { status: number }>) => Object.values(item)[0]?.status),
  ).toEqual([400, 201]);
});

describe('the language', () => {
  const query = (value: string) => `{"terms":{"owner.keyword":[${value}]}}`;

  test.each([
    ['a text that is JSON once it is filled in', query('"{{_user.username}}"'), ['alice']],
    ['a list', '{"terms":{"owner.keyword":{{#toJson}}_user.metadata.groups{{/toJson}}}}', ['alice', 'bob']],
    [
      'in any case',
      '{"terms":{"owner.keyword":{{#TOJSON}}_user.metadata.groups{{/TOJSON}}}}',
      ['alice', 'bob'],
    ],
    ['an object', '{"term":{{#toJson}}where{{/toJson}}}', ['alice']],
    ['a text has no quotes of its own', query('"{{#toJson}}_user.username{{/toJson}}"'), ['alice']],
    [
      'join',
      query('"{{#join delimiter=\'","\'}}_user.metadata.groups{{/join delimiter=\'","\'}}"'),
      ['alice', 'bob'],
    ],
    ['join by commas', query('"{{#join}}_user.metadata.groups{{/join}}"'), []],
    ['join of what is no list is its name', query('"{{#join}}alice{{/join}}"'), ['alice']],
    ['what is special in JSON', query('"{{_user.metadata.quoted}}"'), ['a"b']],
    ['a member of a list', query('"{{_user.metadata.groups.1}}"'), ['bob']],
    [
      'how long a list is',
      query('"{{#_user.metadata.groups.size}}bob{{/_user.metadata.groups.size}}"'),
      ['bob'],
    ],
    [
      'a name with a point in it',
      '{{#_user.metadata}}{"term":{"owner.keyword":"{{with.point}}"}}{{/_user.metadata}}',
      ['alice'],
    ],
    ['deep inside', query('"{{_user.metadata.nested.name}}"'), ['alice']],
    [
      'for each',
      query('{{#_user.metadata.nested.list}}"{{name}}",{{/_user.metadata.nested.list}}"x"'),
      ['alice', 'bob'],
    ],
    [
      'for each text',
      query('{{#_user.metadata.groups}}"{{.}}",{{/_user.metadata.groups}}"x"'),
      ['alice', 'bob'],
    ],
    ['zero is something', query('"{{#_user.metadata.zero}}alice{{/_user.metadata.zero}}"'), ['alice']],
    ['false is nothing', query('"{{^_user.metadata.no}}alice{{/_user.metadata.no}}"'), ['alice']],
    [
      'null is nothing',
      query('"{{^_user.metadata.nothing}}alice{{/_user.metadata.nothing}}{{_user.metadata.nothing}}"'),
      ['alice'],
    ],
    [
      'nor is an empty list',
      query(
        '"{{#_user.metadata.empty}}x{{/_user.metadata.empty}}{{^_user.metadata.empty}}alice{{/_user.metadata.empty}}"',
      ),
      ['alice'],
    ],
    ['comments', query('"{{! who }}alice"'), ['alice']],
  ])('%s', async (_about, source, expected) => {
    expect((await seenBy({ source, params: { where: { 'owner.keyword': 'alice' } } })).toSorted()).toEqual(
      expected,
    );
  });

  // What a template becomes is shown by the complaint about it.
  async function filled(source: string, more: object = {}): Promise<string> {
    await cluster.ask('PUT /_security/role/own', {
      body: { indices: [onDocs({ source: `{"${source}":{}}`, ...more })] },
    });
    const { json } = await cluster.ask('GET /docs/_search', { headers: as('alice') });
    return (
      /^unknown query \[(.*?)\]$/s.exec(json.error.failed_shards[0].reason.caused_by.reason)?.[1] ?? json
    );
  }

  test.each([
    ['{{_user.full_name}}|{{_user.email}}', 'Alice A|a@example.org'],
    ['{{_user.roles}}', '{0=own}'],
    ['{{_user.metadata.nested}}', '{name=alice, list=[{name=alice}, {name=bob}]}'],
    ['{{#url}}{{_user.metadata.address}}{{/url}}', 'a+b%26c%2F%C3%BC*'],
    ['{{nobody}}{{_user.nobody}}{{_user.username.nobody}}', ''],
    // Nothing of JavaScript's own is to be seen, nor of Java's.
    ['{{constructor}}{{__proto__}}{{toString}}{{_user.constructor.name}}{{_user.__proto__}}', ''],
    ['{{_user.roles.length}}{{_user.roles.constructor}}{{_user.username.length}}', ''],
    [
      '{{_user.metadata.__proto__.x}}{{_user.class}}{{#_user.metadata.constructor}}x{{/_user.metadata.constructor}}',
      '',
    ],
  ])('%s becomes %j', async (source, expected) => {
    expect(await filled(source)).toBe(expected);
  });

  test('parameters do not take the place of the user', async () => {
    const params = { _user: { username: 'bob' }, own: 'x' };
    expect(await filled('{{_user.username}}{{own}}', { params })).toBe('alicex');
  });

  test('what kind of text it is decides how values are written', async () => {
    const of = (type: string) => filled('{{_user.metadata.address}}', { options: { content_type: type } });
    expect(await of('application/x-www-form-urlencoded')).toBe('a+b%26c%2F%C3%BC*');
    expect(await of('text/plain')).toBe('a b&c/ü*');
  });

  test('the language that is named does not matter (MustacheTemplateEvaluator)', async () => {
    expect(await filled('{{_user.username}}', { lang: 'painless' })).toBe('alice');
  });
});
