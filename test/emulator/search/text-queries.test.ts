/**
 * Queries that take text apart: `simple_query_string` and `match`, in searches of keys, users and roles. What they
 * find is what Elasticsearch's `QueryApiKeyIT.testSimpleQueryStringQuery`, `QueryRoleIT` and `FieldNameTranslators`
 * expect, and what the sources named below say.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic } from '../../support/http-client.js';
import { type Cluster, emulated, expectAnswer } from '../cluster.js';
import { noDate, onShard, queryOnShard } from './refusals.js';

let cluster: Cluster;
const batman = basic('batman', 'password');

beforeAll(async () => {
  cluster = await emulated({
    roles: { own: { cluster: ['manage_own_api_key'] } },
    users: {
      user: {
        password: 'password',
        roles: ['own'],
        full_name: 'Ann Lee Smith',
        email: 'ann.lee@example.org',
      },
      batman: { password: 'password', roles: ['own'], full_name: 'Bruce Wayne, the Bat' },
    },
  });
  const make = (name: string, metadata: object, headers: object = cluster.admin) =>
    cluster.ask('PUT /_security/api_key', { headers: { ...headers }, body: { name, metadata } });
  const user = basic('user', 'password');
  await make('key1-user', { label: 'prod' }, user);
  await make('key1-admin', { label: 'prod' });
  await make('key2-user', { value: 42, label: 'prod' }, user);
  await make('key2-admin', { value: 42, label: 'prod' });
  await make('key3-user', { value: 42, hero: true }, user);
  await make('key3-admin', { value: 42, hero: true });
  await make('key4-batman', { hero: true }, batman);
  await make('key5-batman', { hero: true }, batman);
  await cluster.ask('PUT /_security/role/clerk', {
    body: { description: 'Reads the books, and counts what is in the till', metadata: { team: ['till', 7] } },
  });
  await cluster.ask('PUT /_security/role/guard', { body: { description: 'Guards the till' } });
});
afterAll(() => cluster.close());

const all = [1, 2, 3].flatMap((n) => [`key${n}-admin`, `key${n}-user`]).concat('key4-batman', 'key5-batman');
const batmans = ['key4-batman', 'key5-batman'];

async function names(query: object, headers: object = cluster.admin): Promise<string[]> {
  const { json } = await cluster.ask('POST /_security/_query/api_key', {
    headers: { ...headers },
    body: { query, sort: ['name'] },
  });
  return json.api_keys.map((key: { name: string }) => key.name);
}

const simple = (text: string, more: object = {}): object => ({
  simple_query_string: { query: text, ...more },
});

describe('a simple query string of keys', () => {
  test.each<[string, object, string[]]>([
    // Fields that there are not, or that may not be searched, find nothing; of metadata no pattern stands for a path.
    ['key*', { fields: ['no_such_field_pattern*'] }, []],
    ['prod 42 true', { fields: ['metadata.*'] }, []],
    ['ke*', { fields: ['x*', 'api_key_hash'] }, []],
    ['key*', { fields: ['doc_type', 'creator.principal', '_id'] }, []],
    ['prod 42 true', { fields: ['wild*', 'metadata'] }, all],
    ['key* +rest', {}, all],
    ['-prod', { fields: ['metadata'] }, ['key3-admin', 'key3-user', ...batmans]],
    ['-42', { fields: ['meta*', 'whatever*'] }, ['key1-admin', 'key1-user', ...batmans]],
    ['-rest term_which_does_not_exist', {}, []],
    ['+default_native +user', { fields: ['us*', 'rea*'] }, ['key1-user', 'key2-user', 'key3-user']],
    ['default_natie~4', { fields: ['*'] }, ['key1-user', 'key2-user', 'key3-user', ...batmans]],
    [
      '+prod +42',
      { fields: ['metadata.label', 'metadata.value', 'metadata.hero'] },
      ['key2-admin', 'key2-user'],
    ],
    // Names may count more than others, which changes no hit.
    ['key1*', { fields: ['name^2.5', 'metadata^3'] }, ['key1-admin', 'key1-user']],
    ['true', { fields: ['invalidated'] }, []],
    ['false', { fields: ['invalidated'] }, all],
    ['', {}, []],
    ['key1-user', { fields: [] }, ['key1-user']],
  ])('%j, %j', async (text, more, found) => {
    expect(await names(simple(text, more))).toEqual(found);
  });

  test('is among the own keys only, for whoever sees only those', async () => {
    const fields = ['name', 'username', 'metadata'];
    const both = { fields, default_operator: 'AND' };
    expect(await names(simple('+prod key*', both), batman)).toEqual([]);
    expect(await names(simple('+true +key*', both), batman)).toEqual(batmans);
    const inBool = { bool: { must: [{ term: { name: 'key5-batman' } }, simple('default_native')] } };
    expect(await names(inBool, batman)).toEqual(['key5-batman']);
  });
});

// The language is Lucene's (`SimpleQueryParser`): what its reference says of each sign, and what the source does with a
// text in which signs make no sense.
describe('the language of a simple query string', () => {
  const fields = ['name', 'username'];

  test.each<[string, object, string[]]>([
    ['key1-user key1-admin', {}, ['key1-admin', 'key1-user']],
    ['key1-user | key1-admin', { default_operator: 'and' }, ['key1-admin', 'key1-user']],
    ['key1-user + batman', {}, []],
    ['key4-batman + batman', {}, ['key4-batman']],
    ['key4-batman batman', { default_operator: 'AND' }, ['key4-batman']],
    ['batman -key4-batman', { default_operator: 'AND' }, ['key5-batman']],
    ['--batman', {}, batmans],
    ['(key4-batman | key1-user) + batman', {}, ['key4-batman']],
    ['key1-user | (batman + key5-batman)', {}, ['key1-user', 'key5-batman']],
    // From left to right: what was joined before is one part of what follows.
    ['key1-user | key4-batman + batman', {}, ['key4-batman']],
    ['-(key1-user | batman | elastic)', {}, ['key2-user', 'key3-user']],
    ['"batman"', {}, batmans],
    ['"bat man"', { fields: ['username'], lenient: true }, []],
    ['bat*', {}, batmans],
    ['batmn~1', {}, batmans],
    ['batmn~', {}, batmans],
    ['btmn~1', {}, []],
    ['batmn~0', {}, []],
    ['abtman~1', {}, batmans],
    ['abtman~1', { fuzzy_transpositions: false }, []],
    ['xatman~1', { fuzzy_prefix_length: 1 }, []],
    ['xatman~x', {}, []],
    ['key1-user~99', {}, ['key1-user', 'key2-user', 'key3-user']],
    // What is not complete is taken as it is, or left out.
    ['(batman', {}, batmans],
    ['batman)', {}, batmans],
    ['"batman', {}, batmans],
    ['() batman', {}, batmans],
    ['"" batman', {}, batmans],
    ['+ | batman', {}, batmans],
    ['*', {}, []],
    ['bat\\*', {}, []],
    ['\\-batman', {}, []],
    ['batman\\', {}, batmans],
    // Each part can be switched off, by name or by bit.
    ['bat*', { flags: 'AND|OR' }, []],
    ['bat*', { flags: 'PREFIX' }, batmans],
    ['bat*', { flags: 8 }, batmans],
    ['bat*', { flags: 0 }, []],
    ['bat*', { flags: -1 }, batmans],
    ['bat* | key1-user', { flags: 'OR|PREFIX|WHITESPACE' }, ['key1-user', ...batmans]],
    ['-batman', { flags: 'NONE' }, []],
    ['key1-user batman', { flags: 'AND' }, []],
    ['batmn~1', { flags: 'SLOP|NEAR' }, []],
    ['key1-user key1-admin batman', { minimum_should_match: '2' }, []],
    ['key4-batman batman elastic', { minimum_should_match: '2' }, ['key4-batman']],
    ['key4-batman batman elastic', { minimum_should_match: '-1' }, ['key4-batman']],
    ['key4-batman batman elastic', { minimum_should_match: '67%' }, ['key4-batman']],
    ['key4-batman batman', { minimum_should_match: '3' }, []],
    ['key4-batman batman', { minimum_should_match: '2<50%' }, ['key4-batman']],
    [
      'key4-batman batman elastic',
      { minimum_should_match: '2<34% 5<-1' },
      ['key1-admin', 'key2-admin', 'key3-admin', ...batmans],
    ],
    // What has to be found anyway is not among those.
    ['+key4-batman +batman', { minimum_should_match: '1' }, []],
    ['key4-batman', { analyzer: 'keyword' }, ['key4-batman']],
    ['key4-batman', { analyzer: 'simple' }, batmans],
    ['BAT', { analyzer: 'whitespace', flags: 'NONE' }, []],
  ])('%j, %j', async (text, more, found) => {
    expect(await names(simple(text, { fields, ...more }))).toEqual(found);
  });

  test('has its limits', async () => {
    const ask = (text: string) =>
      cluster.ask('POST /_security/_query/api_key', { body: { query: simple(text) } });
    expect((await ask('a '.repeat(5_000))).status).toBe(200);
    for (const text of ['a '.repeat(5_001), `${'('.repeat(102)}a${')'.repeat(102)}`]) {
      const { status, json } = await ask(text);
      expect([status, json.error.root_cause[0].reason]).toEqual([
        400,
        'failed to create query: of a [simple_query_string] the emulator reads at most 10000 characters and 100 levels of parentheses',
      ]);
    }
  });

  test.each<[object, object]>([
    // Without `lenient`, or all fields, a field that can not hold the word is complained about, by its name in the
    // index.
    [
      simple('x', { fields: ['creation'] }),
      queryOnShard(`failed to create query: ${noDate('x', 0).reason}`, noDate('x', 0)),
    ],
    [
      simple('2*', { fields: ['creation'] }),
      queryOnShard(
        'Can only use prefix queries on keyword, text and wildcard fields - not on [creation_time] which is of type [date]',
      ),
    ],
    [
      simple('prod~1', { fields: ['metadata.label'] }),
      {
        ...queryOnShard(
          'failed to create query: [fuzzy] queries are not currently supported on keyed [flattened] fields.',
          {
            type: 'unsupported_operation_exception',
            reason: '[fuzzy] queries are not currently supported on keyed [flattened] fields.',
          },
        ),
      },
    ],
    [simple('x', { analyzer: 'nosuch' }), queryOnShard('[simple_query_string] analyzer [nosuch] not found')],
    [
      { match: { name: { query: 'x', analyzer: 'nosuch' } } },
      queryOnShard('[match] analyzer [nosuch] not found'),
    ],
    [
      { match: { name: { query: 'x', analyzer: 'french' } } },
      onShard('analyzer [french] is not supported by the emulator'),
    ],
  ])('%j is refused by the shard', async (query, error) => {
    const response = await cluster.ask('POST /_security/_query/api_key', { body: { query } });
    expectAnswer(response, { status: 400, body: { error, status: 400 } });
  });

  test('minds nothing if it is lenient', async () => {
    expect(await names(simple('x', { fields: ['creation'], lenient: true }))).toEqual([]);
    expect(await names(simple('x 2*', { fields: ['creation', 'expiration'], lenient: 'true' }))).toEqual([]);
  });

  // `SimpleQueryStringBuilder.fromXContent`, `SimpleQueryStringFlag.resolveFlags`, `Operator.fromString`
  test.each<[object, string, string]>([
    [{}, 'parsing_exception', '[simple_query_string] query text missing'],
    [{ query: null }, 'parsing_exception', '[simple_query_string] query text missing'],
    [{ query: 'x', field: 'a' }, 'parsing_exception', '[simple_query_string] unsupported field [field]'],
    [
      { query: 'x', analyzer: ['a'] },
      'parsing_exception',
      '[simple_query_string] query does not support [analyzer]',
    ],
    [
      { query: { a: 1 } },
      'parsing_exception',
      '[simple_query_string] unknown token [START_OBJECT] after [query]',
    ],
    [
      { query: 'x', flags: 'AND|XOR' },
      'illegal_argument_exception',
      'Unknown simple_query_string flag [XOR]',
    ],
    [
      { query: 'x', default_operator: 'xor' },
      'illegal_argument_exception',
      'No enum constant org.elasticsearch.index.query.Operator.XOR',
    ],
    [{ query: 'x', fields: ['name^x'] }, 'number_format_exception', 'For input string: "x"'],
  ])('is refused as %j', async (body, type, reason) => {
    const response = await cluster.ask('POST /_security/_query/api_key', {
      body: { query: { simple_query_string: body } },
    });
    expect([response.status, response.json.error.reason]).toEqual([
      400,
      expect.stringMatching(/^\[1:\d+] \[query_api_key_request_payload] failed to parse field \[query]$/),
    ]);
    expect(response.json.error.caused_by).toMatchObject({ type, reason });
  });
});

// `MatchQueryBuilder` and `MatchQueryParser`
describe('a match', () => {
  test.each<[object, string[]]>([
    // Of texts that are found as a whole there is one word, unless an analyzer is named.
    [{ name: 'key1-user key1-admin' }, []],
    [{ name: { query: 'key1-user key1-admin', analyzer: 'whitespace' } }, ['key1-admin', 'key1-user']],
    [{ name: { query: 'key1-user key1-admin', analyzer: 'whitespace', operator: 'and' } }, []],
    [
      { 'metadata.label': { query: 'PROD, or not', analyzer: 'standard' } },
      all.filter((name) => /[12]/.test(name)),
    ],
    [{ username: { query: 'batmen', fuzziness: 1 } }, batmans],
    [{ username: { query: 'batmen', fuzziness: 'AUTO' } }, batmans],
    [{ username: { query: 'batmen', fuzziness: 'AUTO:7,9' } }, []],
    [{ username: { query: 'catman', fuzziness: 1, prefix_length: 1 } }, []],
    [{ metadata: { query: 'prod test', analyzer: 'whitespace', minimum_should_match: 2 } }, []],
    [{ metadata: { query: 42 } }, all.filter((name) => /[23]/.test(name))],
    [{ metadata: { query: 'the', analyzer: 'stop' } }, []],
    [{ metadata: { query: 'the', analyzer: 'stop', zero_terms_query: 'all' } }, all],
    [{ creation: { query: 'x', lenient: true } }, []],
  ])('of keys: %j', async (match, found) => {
    expect(await names({ match })).toEqual(found);
  });

  test.each<[object, string[]]>([
    [{ description: 'BOOKS' }, ['clerk']],
    [{ description: { query: 'guards books', operator: 'or' } }, ['clerk', 'guard']],
    [{ description: { query: 'the till', operator: 'AND' } }, ['clerk', 'guard']],
    [{ description: { query: 'the till books', minimum_should_match: '3' } }, ['clerk']],
    [{ metadata: 'till' }, ['clerk']],
    [{ 'metadata.team': 7 }, ['clerk']],
  ])('of roles: %j', async (match, found) => {
    const mine = { terms: { name: ['clerk', 'guard'] } };
    const { json } = await cluster.ask('POST /_security/_query/role', {
      body: { query: { bool: { must: [{ match }], filter: [mine] } }, sort: ['name'] },
    });
    expect(json.roles.map(({ name }: { name: string }) => name)).toEqual(found);
  });

  test.each<[object, string]>([
    [{ name: { query: 'x', slop: 1 } }, '[match] query does not support [slop]'],
    [{ name: { query: ['x'] } }, '[match] unknown token [START_ARRAY] after [query]'],
    [{ name: { query: null } }, 'No text specified for text query'],
    [{ name: { query: 'x', zero_terms_query: 'some' } }, 'Unsupported zero_terms_query value [some]'],
    [{ name: { query: 'x', fuzziness: 3 } }, 'Valid edit distances are [0, 1, 2] but was [3]'],
  ])('is refused as %j', async (match, reason) => {
    const response = await cluster.ask('POST /_security/_query/api_key', { body: { query: { match } } });
    expect([response.status, response.json.error.caused_by.reason]).toEqual([400, reason]);
  });
});

describe('texts that are taken apart', () => {
  async function found(of: 'user' | 'role', query: object): Promise<string[]> {
    const { json } = await cluster.ask(`POST /_security/_query/${of}`, { body: { query, size: 100 } });
    const entries: { name?: string; username?: string }[] = json[`${of}s`];
    return entries.map(({ name, username }) => name ?? username ?? '').sort();
  }

  test.each<[string, object, string[]]>([
    ['"bruce wayne"', {}, ['batman']],
    ['"wayne bruce"', {}, []],
    ['"Ann Smith"', {}, []],
    ['"Ann Smith"~1', {}, ['user']],
    ['"Smith Ann"~1', {}, []],
    ['"bat"', { fields: ['full_name'] }, ['batman']],
    ['WAY*', {}, ['batman']],
    ['lee-smith', { default_operator: 'and' }, ['user']],
    ['smith-wayne', { default_operator: 'and' }, []],
    ['smith-wayne', {}, ['batman', 'user']],
    ['bruce wa*', { analyze_wildcard: true, flags: 'PREFIX' }, ['batman']],
    ['ann.lee@example.org', { fields: ['email'] }, ['user']],
    ['someone@example.org', { fields: ['email'] }, ['user']],
    ['*', { fields: ['*'] }, []],
    ['own', { fields: ['roles'] }, ['batman', 'user']],
    ['true', {}, ['batman', 'user']],
    ['secret', { fields: ['password', 'metadata'] }, []],
  ])('%j of users, %j', async (text, more, users) => {
    expect(await found('user', simple(text, more))).toEqual(users);
  });

  test('of roles, in metadata too', async () => {
    expect(await found('role', simple('till', { fields: ['meta*'] }))).toEqual(['clerk']);
    expect(await found('role', simple('"counts what"', { fields: ['desc*'] }))).toEqual(['clerk']);
    expect(await found('role', simple('monitor', { fields: ['cluster', 'indices.*'] }))).toEqual([]);
  });
});
