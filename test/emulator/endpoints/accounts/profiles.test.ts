/**
 * Profiles of users. What a 9.5 was recorded to answer about one is played (`profile-basics`); the rest is read in
 * Elasticsearch's source (`ProfileService`, `UpdateProfileDataRequest`, `SuggestProfilesRequest`).
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKey, basic } from '../../../support/http-client.js';
import { type Cluster, emulated, errorBody, expectAnswer } from '../../cluster.js';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated({
    users: {
      alice: { password: 'password', roles: ['monitors'], full_name: 'Alice Liddell' },
      alina: { password: 'password', roles: [], email: 'li@example.org' },
      bob: { password: 'password', roles: [] },
      writer: { password: 'password', roles: ['writer'] },
      both: { password: 'password', roles: ['monitors'] },
    },
    roles: {
      monitors: { cluster: ['monitor'] },
      writer: { cluster: ['monitor'], global: { profile: { write: { applications: ['my-*'] } } } },
    },
    files: { users: { both: { password: 'in the file', roles: [] } } },
  });
});
afterEach(() => cluster.close());

const profile = '/_security/profile';

async function activate(username: string, password = 'password') {
  const body = { grant_type: 'password', username, password };
  return (await cluster.ask(`POST ${profile}/_activate`, { body })).json;
}

async function show(uid: string, query = '') {
  return (await cluster.ask(`GET ${profile}/${uid}${query}`)).json.profiles[0];
}

const write = (uid: string, body: object, query = '', headers: object = cluster.admin) =>
  cluster.ask(`PUT ${profile}/${uid}/_data${query}`, { body, headers: { ...headers } });

describe('activating', () => {
  test('again within half a minute does nothing, if nothing is different', async () => {
    const first = await activate('alice');
    await cluster.advance(29_000);
    expect(await activate('alice')).toEqual(first);
    await cluster.advance(1000);
    const later = await activate('alice');
    expect(later).toMatchObject({ uid: first.uid, _doc: { _seq_no: 1 } });
    expect(later.last_synchronized).toBeGreaterThanOrEqual(first.last_synchronized + 30_000);
    await cluster.ask('PUT /_security/user/alice', { body: { roles: ['other'] } });
    expect((await activate('alice')).user.roles).toEqual(['other']);
  });

  test('brings back what was disabled', async () => {
    const { uid } = await activate('alice');
    await cluster.ask(`POST ${profile}/${uid}/_disable`);
    expect((await show(uid)).enabled).toBe(false);
    expect((await activate('alice')).enabled).toBe(true);
  });

  test('tells apart who is called the same in another realm', async () => {
    const [native, file] = [await activate('both'), await activate('both', 'in the file')];
    expect(file.uid).toBe(native.uid.replace(/_0$/, '_1'));
    expect([native.user.realm_name, file.user.realm_name]).toEqual(['default_native', 'default_file']);
  });

  test('is for users only', async () => {
    const token = async (headers: object) => {
      const body = { grant_type: 'client_credentials' };
      const response = await cluster.ask('POST /_security/oauth2/token', { headers: { ...headers }, body });
      return response.json.access_token;
    };
    const key = (await cluster.ask('PUT /_security/api_key', { body: { name: 'k' } })).json;
    const body = { grant_type: 'access_token', access_token: await token(apiKey(key.encoded)) };
    expectAnswer(await cluster.ask(`POST ${profile}/_activate`, { body }), {
      status: 400,
      body: errorBody(
        400,
        'illegal_argument_exception',
        'profile is supported for user only, but subject is a [api_key]',
      ),
    });
    const elastic = { ...body, access_token: await token(cluster.admin) };
    const made = await cluster.ask(`POST ${profile}/_activate`, { body: elastic });
    expect(made.json.user).toMatchObject({ username: 'elastic', realm_name: 'reserved' });
  });
});

describe('labels and data', () => {
  test('are put among those that are there, and data is shown on request', async () => {
    const { uid } = await activate('alice');
    await write(uid, { labels: { app: { a: 1 } }, data: { app: { x: { y: 1, z: 2 } }, other: 3 } });
    await write(uid, { labels: { app: { b: 2 } }, data: { app: { x: { y: 4 } } } });
    expect(await show(uid)).toMatchObject({ labels: { app: { a: 1, b: 2 } }, data: {} });
    expect((await show(uid, '?data=*')).data).toEqual({ app: { x: { y: 4, z: 2 } }, other: 3 });
    expect((await show(uid, '?data=app.x.y')).data).toEqual({ app: { x: { y: 4 } } });
    expect((await show(uid, '?data=other,none')).data).toEqual({ other: 3 });
    expect((await show(uid))._doc._seq_no).toBe(2);
    await write(uid, { data: { other: 3 } });
    expect((await show(uid))._doc._seq_no).toBe(2);
  });

  test.each([
    [{}, 'update request is empty'],
    [{ labels: { 'a.b': 1 } }, 'application name must not contain dot, but found [a.b]'],
    [{ data: { _a: 1 } }, 'application name must not start with underscore, but found [_a]'],
  ])('%j is refused', async (body, problem) => {
    const { uid } = await activate('alice');
    const { status, json } = await write(uid, body);
    expect([status, json.error.reason]).toEqual([400, `Validation Failed: 1: ${problem};`]);
  });

  test('are not written over those of somebody else, nor where there is no profile', async () => {
    const { uid } = await activate('alice');
    const stale = await write(uid, { data: { a: 1 } }, '?if_seq_no=7&if_primary_term=1');
    expect([stale.status, stale.json.error.reason]).toEqual([
      409,
      `[profile_${uid}]: version conflict, required seqNo [7], primary term [1]. current document has seqNo [0] and primary term [1]`,
    ]);
    expect((await write(uid, { data: { a: 1 } }, '?if_seq_no=0&if_primary_term=1')).status).toBe(200);
    expect((await write(uid, { data: { a: 1 } }, '?if_seq_no=x')).status).toBe(400);
    const absent = await write('x', { data: { a: 1 } });
    expect([absent.status, absent.json.error.type]).toEqual([404, 'document_missing_exception']);
    expect((await cluster.ask(`PUT ${profile}/x/_enable`)).status).toBe(404);
  });

  test('may be written by whom a role lets write those of an application', async () => {
    const { uid } = await activate('alice');
    const writer = basic('writer', 'password');
    expect((await write(uid, { data: { 'my-app': 1 } }, '', writer)).status).toBe(200);
    expect((await write(uid, { data: { 'my-app': 1, yours: 1 } }, '', writer)).status).toBe(403);
    const headers = writer;
    expect((await cluster.ask(`GET ${profile}/${uid}`, { headers })).status).toBe(403);
  });
});

describe('suggesting', () => {
  const suggest = async (body?: object, query = '') => {
    const { json } = await cluster.ask(
      `POST ${profile}/_suggest${query}`,
      body === undefined ? {} : { body },
    );
    return json.profiles.map(({ user }: { user: { username: string } }) => user.username);
  };
  beforeEach(async () => {
    for (const username of ['alice', 'alina', 'bob']) {
      await activate(username);
      await cluster.advance(1000);
    }
  });

  test('finds names, full names and addresses by their beginning, the latest first', async () => {
    expect(await suggest({ name: 'ali' })).toEqual(['alina', 'alice']);
    expect(await suggest({ name: 'lid' })).toEqual(['alice']);
    expect(await suggest({ name: 'LI' })).toEqual(['alina', 'alice']);
    expect(await suggest({ name: 'alice al' })).toEqual(['alice', 'alina']);
    expect(await suggest({ name: 'carol' })).toEqual([]);
    expect(await suggest()).toEqual(['bob', 'alina', 'alice']);
    expect(await suggest({ size: 1 })).toEqual(['bob']);
  });

  test('puts first what is hinted at, and leaves out what is disabled', async () => {
    const { uid } = await activate('alice');
    expect(await suggest({ hint: { uids: [uid] } })).toEqual(['alice', 'bob', 'alina']);
    const alina = await activate('alina');
    await write(alina.uid, { labels: { team: ['a', 'b'] } });
    expect(await suggest({ hint: { labels: { team: 'b' } } })).toEqual(['alina', 'bob', 'alice']);
    await cluster.ask(`PUT ${profile}/${uid}/_disable`);
    expect(await suggest()).toEqual(['bob', 'alina']);
  });

  test('shows data on request, which is asked for in one place', async () => {
    const { uid } = await activate('bob');
    await write(uid, { data: { a: 1 } });
    const data = async (body: object, query: string) =>
      (await cluster.ask(`POST ${profile}/_suggest${query}`, { body })).json.profiles?.[0].data;
    expect(await data({ size: 1 }, '')).toEqual({});
    expect(await data({ data: '*' }, '')).toEqual({ a: 1 });
    expect(await data({}, '?data=a')).toEqual({ a: 1 });
    expect(await data({ data: '*' }, '?data=a')).toBe(undefined);
  });

  test.each([
    [{ size: -1 }, '[size] parameter cannot be negative but was [-1]'],
    [{ hint: {} }, '[hint] parameter cannot be empty'],
    [{ hint: { uids: [] } }, '[uids] hint cannot be empty'],
    [{ hint: { labels: { a: 'x', b: 'x' } } }, '[labels] hint supports a single key, got [a,b]'],
    [{ hint: { labels: { 'a*': 'x' } } }, '[labels] hint key cannot contain wildcard'],
    [{ hint: { labels: { a: [] } } }, '[labels] hint value cannot be empty'],
  ])('%j is refused', async (body, problem) => {
    const { json } = await cluster.ask(`POST ${profile}/_suggest`, { body });
    expect(json.error.reason).toBe(`Validation Failed: 1: ${problem};`);
  });

  test.each([[{ a: 1 }], [{ a: ['x', 1] }]])('a hint at labels like %j is no text', async (labels) => {
    const { status, json } = await cluster.ask(`POST ${profile}/_suggest`, { body: { hint: { labels } } });
    expect([status, json.error.type]).toEqual([400, 'parse_exception']);
  });
});

test('privileges are those that a user has now by the roles that he had then', async () => {
  const [alice, bob] = [await activate('alice'), await activate('bob')];
  const ask = async (uids: string[]) =>
    (
      await cluster.ask(`POST ${profile}/_has_privileges`, {
        body: { uids, privileges: { cluster: ['monitor'] } },
      })
    ).json;
  expect(await ask([alice.uid, bob.uid])).toEqual({ has_privilege_uids: [alice.uid] });
  await cluster.ask('PUT /_security/role/monitors', { body: {} });
  expect(await ask([alice.uid])).toEqual({ has_privilege_uids: [] });
  await cluster.ask('PUT /_security/role/monitors', { body: { cluster: ['all'] } });
  expect(await ask([alice.uid])).toEqual({ has_privilege_uids: [alice.uid] });
  await cluster.ask(`PUT ${profile}/${alice.uid}/_disable`);
  expect(await ask([alice.uid])).toEqual({ has_privilege_uids: [] });
  expect((await ask([])).error.reason).toBe('Validation Failed: 1: profile uids list must not be empty;');
});

test('the uid is shown with users and keys on request', async () => {
  const { uid } = await activate('alice');
  const headers = basic('alice', 'password');
  await cluster.ask('PUT /_security/role/monitors', { body: { cluster: ['manage_own_api_key'] } });
  await cluster.ask('PUT /_security/api_key', { headers, body: { name: 'k' } });
  const uidsIn = (text: string): string[] =>
    [...text.matchAll(/"profile_uid":"([^"]*)"/g)].map(([, found]) => found ?? '');
  for (const list of ['user/alice', 'api_key', '_query/user', '_query/api_key']) {
    expect(uidsIn((await cluster.ask(`GET /_security/${list}`)).text)).toEqual([]);
    const { text } = await cluster.ask(`GET /_security/${list}?with_profile_uid=true`);
    expect(uidsIn(text)).toEqual([uid]);
  }
});

test('there are none before 8.2', async () => {
  const older = await emulated({ version: '8.1' });
  const { json } = await older.ask(`GET ${profile}/x`);
  expect(json.error).toContain('no handler found');
  await older.close();
});
