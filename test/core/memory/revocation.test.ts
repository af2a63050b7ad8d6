import { describe, expect, test } from 'vitest';
import { createFingerprinter } from '../../../packages/core/src/memory/fingerprint.js';
import {
  checkSubject,
  createRevocations,
  type Subject,
} from '../../../packages/core/src/memory/revocation.js';
import { rejected, type Verdict } from '../../../packages/core/src/values/verdict.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { heldBytes } from '../../support/heap.js';
import { apiKeyIdentity, userIdentity } from '../../support/identities.js';

const fingerprint = createFingerprinter();
const own = fingerprint('Bearer own');
const other = fingerprint('Bearer other');

const identities = {
  user: userIdentity('alice'),
  'user of another name': userIdentity('bob'),
  'user found in another realm': userIdentity('alice', {
    authentication_realm: { name: 'saml1', type: 'saml' },
    lookup_realm: { name: 'ldap1', type: 'ldap' },
  }),
  'service account': userIdentity('elastic/fleet-server', {
    authentication_realm: { name: '_service_account', type: '_service_account' },
    lookup_realm: { name: '_service_account', type: '_service_account' },
    authentication_type: 'token',
    token: { name: 't1', type: '_service_account_index' },
  }),
  'API key': apiKeyIdentity('k1'),
  'API key before 7.16': apiKeyIdentity('k1', 'alice', { api_key: undefined }),
  'API key of the cloud': apiKeyIdentity('k1', 'alice', {
    authentication_realm: { name: '_cloud_api_key', type: '_cloud_api_key' },
    lookup_realm: { name: '_cloud_api_key', type: '_cloud_api_key' },
    api_key: undefined,
  }),
  'token made with an API key': apiKeyIdentity('k1', 'alice', { authentication_type: 'token' }),
  // Elasticsearch then shows the user who is acted as, and of the key nothing but its realm.
  'API key acting as a user': apiKeyIdentity('k1', 'alice', {
    lookup_realm: { name: 'native1', type: 'native' },
    api_key: undefined,
  }),
  'token made with an API key acting as a user': apiKeyIdentity('k1', 'alice', {
    authentication_type: 'token',
    lookup_realm: { name: 'native1', type: 'native' },
    api_key: undefined,
  }),
};

const subjects = {
  own: { fingerprint: own },
  other: { fingerprint: other },
  all: 'all',
  k1: { apiKeyIds: ['k1'] },
  k2: { apiKeyIds: ['k2'] },
  'k2+k1': { apiKeyIds: ['k2', 'k1'] },
  alice: { username: 'alice' },
  bob: { username: 'bob' },
  'alice@native1': { username: 'alice', realm: 'native1' },
  'alice@saml1': { username: 'alice', realm: 'saml1' },
  'alice@ldap1': { username: 'alice', realm: 'ldap1' },
  'alice@elsewhere': { username: 'alice', realm: 'elsewhere' },
  'bob@native1': { username: 'bob', realm: 'native1' },
  native1: { realm: 'native1' },
  saml1: { realm: 'saml1' },
  ldap1: { realm: 'ldap1' },
  elsewhere: { realm: 'elsewhere' },
} satisfies Readonly<Record<string, Subject>>;

/** Of an API key the owner's realm is unknown, so every realm may be meant, and every "alice" in one. */
const ofKeysOfAlice = [
  ...['alice', 'alice@native1', 'alice@saml1', 'alice@ldap1', 'alice@elsewhere'],
  ...['native1', 'saml1', 'ldap1', 'elsewhere'],
] as const;

test.each<[keyof typeof identities, readonly (keyof typeof subjects)[]]>([
  ['user', ['alice', 'alice@native1', 'native1']],
  ['user of another name', ['bob', 'bob@native1', 'native1']],
  ['user found in another realm', ['alice', 'alice@saml1', 'alice@ldap1', 'saml1', 'ldap1']],
  ['service account', []],
  ['API key', ['k1', 'k2+k1', ...ofKeysOfAlice]],
  ['API key before 7.16', ['k1', 'k2', 'k2+k1', ...ofKeysOfAlice]],
  ['API key of the cloud', ['k1', 'k2', 'k2+k1', ...ofKeysOfAlice]],
  ['token made with an API key', ['k1', 'k2+k1', ...ofKeysOfAlice]],
  ['API key acting as a user', ['k1', 'k2', 'k2+k1', ...ofKeysOfAlice]],
  ['token made with an API key acting as a user', ['k1', 'k2', 'k2+k1', ...ofKeysOfAlice]],
])(
  'P14, P15: a verdict on a(n) %s is outdated by what concerns it, and by nothing else',
  (name, affected) => {
    const verdict: Verdict = { kind: 'authenticated', identity: identities[name], verifiedAt: 0 };
    expect(outdatedBy(verdict)).toEqual(new Set(['own', 'all', ...affected]));
  },
);

test('a refusal belongs to nobody: only its credential and "all" concern it', () => {
  expect(outdatedBy(rejected('credentials_invalid'))).toEqual(new Set(['own', 'all']));
});

function outdatedBy(verdict: Verdict): ReadonlySet<string> {
  const affected = new Set<string>();
  for (const [name, subject] of Object.entries(subjects)) {
    const revocations = createRevocations(createFakeClock(), 60_000);
    const { revision } = revocations;
    revocations.revoke(subject);
    if (revocations.outdates(revision, own, verdict)) affected.add(name);
  }
  return affected;
}

describe('the counter', () => {
  const verdict: Verdict = { kind: 'authenticated', identity: userIdentity('alice'), verifiedAt: 0 };

  test.each<[string, Subject]>(Object.entries(subjects))(
    'a lookup that starts after %s is not concerned',
    (_n, subject) => {
      const revocations = createRevocations(createFakeClock(), 60_000);
      revocations.revoke(subject);
      const { revision } = revocations;
      expect(revocations.outdates(revision, own, verdict)).toBe(false);
      revocations.revoke({ username: 'bob' });
      expect(revocations.outdates(revision, own, verdict)).toBe(false);
    },
  );

  test('what was revoked once stays so for older lookups, whatever is revoked later', () => {
    const revocations = createRevocations(createFakeClock(), 60_000);
    const before = revocations.revision;
    revocations.revoke({ username: 'alice' });
    const between = revocations.revision;
    revocations.revoke({ username: 'bob' });
    revocations.revoke({ username: 'alice', realm: 'elsewhere' });
    expect(revocations.outdates(before, own, verdict)).toBe(true);
    expect(revocations.outdates(between, own, verdict)).toBe(false);
    revocations.revoke({ username: 'alice' });
    expect(revocations.outdates(between, own, verdict)).toBe(true);
  });

  test('"all" outdates what is older, and nothing that is younger', () => {
    const revocations = createRevocations(createFakeClock(), 60_000);
    const before = revocations.revision;
    revocations.revoke('all');
    const after = revocations.revision;
    revocations.revoke({ username: 'bob' });
    expect(revocations.outdates(before, own, verdict)).toBe(true);
    expect(revocations.outdates(after, own, verdict)).toBe(false);
  });
});

describe('notes', () => {
  const alice: Verdict = { kind: 'authenticated', identity: userIdentity('alice'), verifiedAt: 0 };
  const carol: Verdict = { kind: 'authenticated', identity: userIdentity('carol'), verifiedAt: 0 };
  const setUp = () => {
    const clock = createFakeClock();
    const revocations = createRevocations(clock, 60_000);
    /** One note for each. */
    const note = (from: number, to: number) => {
      for (let index = from; index < to; index += 1)
        revocations.revoke({ fingerprint: fingerprint(`${index}`) });
    };
    return { clock, revocations, note };
  };

  test('are kept for as long as a verdict could contradict them', async () => {
    const { clock, revocations, note } = setUp();
    const { revision } = revocations;
    revocations.revoke({ username: 'alice' });
    await clock.advance(59_999);
    note(0, 1);
    expect(revocations.outdates(revision, own, alice)).toBe(true);
  });

  test('live anew when their subject is revoked again', async () => {
    const { clock, revocations, note } = setUp();
    revocations.revoke({ username: 'alice' });
    await clock.advance(40_000);
    const { revision } = revocations;
    revocations.revoke({ username: 'alice' });
    await clock.advance(40_000);
    note(0, 1);
    expect(revocations.outdates(revision, own, alice)).toBe(true);
  });

  test('are summed up as "all" when there are more than 10 000', () => {
    const { revocations, note } = setUp();
    const before = revocations.revision;
    note(0, 10_000);
    expect(revocations.outdates(before, own, carol)).toBe(false);
    note(10_000, 10_001);
    expect(revocations.outdates(before, own, carol)).toBe(true);
    expect(revocations.outdates(before, fingerprint('0'), carol)).toBe(true);
    expect(revocations.outdates(revocations.revision - 1, own, carol)).toBe(true);
  });

  test('are told of before, while what is remembered can still be told apart by them', () => {
    const { revocations, note } = setUp();
    const { revision } = revocations;
    note(0, 9_999);
    const judged: boolean[] = [];
    const judge = () => {
      for (const each of [alice, carol]) judged.push(revocations.outdates(revision, own, each));
    };
    revocations.revoke({ username: 'alice' }, judge);
    expect(judged).toEqual([]);
    revocations.revoke({ username: 'bob' }, judge);
    expect(judged).toEqual([true, false]);
    expect(revocations.outdates(revision, own, carol)).toBe(true);
    revocations.revoke('all', judge);
    expect(judged).toHaveLength(2);
  });

  test('are one for a user in any realm, whose keys have that name too', () => {
    const { revocations } = setUp();
    const { revision } = revocations;
    for (let user = 0; user < 10_000; user += 1) revocations.revoke({ username: `user${user}` });
    expect(revocations.outdates(revision, own, carol)).toBe(false);
  });

  test('are one for a user of a realm, although keys of whoever is called so are noted too', () => {
    const { revocations } = setUp();
    const { revision } = revocations;
    const realm = 'native1';
    for (let user = 0; user < 10_000; user += 1) revocations.revoke({ username: `user${user}`, realm });
    expect(revocations.outdates(revision, own, carol)).toBe(false);
    const keyOf = (owner: string): Verdict => ({ ...carol, identity: apiKeyIdentity('k1', owner) });
    expect(revocations.outdates(revision, own, keyOf('user9999'))).toBe(true);
    expect(revocations.outdates(revision, own, keyOf('carol'))).toBe(false);
    revocations.revoke({ username: 'user10000', realm });
    expect(revocations.outdates(revision, own, carol)).toBe(true);
  });

  test('are short, however long the names are that they are about', async () => {
    const { revocations } = setUp();
    const { revision } = revocations;
    const long = (name: string) => name.padEnd(100_000, '"');
    const before = await heldBytes();
    for (let note = 0; note < 1_000; note += 1) revocations.revoke({ apiKeyIds: [long(`k${note}`)] });
    expect((await heldBytes()) - before).toBeLessThan(2_000_000);
    const keyOf = (id: string): Verdict => ({ ...alice, identity: apiKeyIdentity(id) });
    expect(revocations.outdates(revision, own, keyOf(long('k1')))).toBe(true);
    expect(revocations.outdates(revision, own, keyOf(long('l1')))).toBe(false);
  });

  test('start to count anew after they were summed up', () => {
    const { revocations, note } = setUp();
    note(0, 10_001);
    const { revision } = revocations;
    note(0, 10_000);
    expect(revocations.outdates(revision, own, carol)).toBe(false);
  });

  test('are summed up, too, if one call names that many keys', () => {
    const { revocations } = setUp();
    const { revision } = revocations;
    revocations.revoke({ apiKeyIds: Array.from({ length: 10_001 }, (_, index) => `k${index}`) });
    expect(revocations.outdates(revision, own, carol)).toBe(true);
  });

  test('that nothing can contradict any more do not count', async () => {
    const { clock, revocations, note } = setUp();
    note(0, 10_000);
    await clock.advance(60_000);
    const { revision } = revocations;
    note(10_000, 20_000);
    expect(revocations.outdates(revision, own, carol)).toBe(false);
  });

  test('that were renewed do not keep the others', async () => {
    const { clock, revocations, note } = setUp();
    note(0, 10_000);
    await clock.advance(30_000);
    note(0, 1);
    await clock.advance(30_000);
    const { revision } = revocations;
    note(10_000, 11_000);
    expect(revocations.outdates(revision, own, carol)).toBe(false);
  });
});

describe('checkSubject', () => {
  test.each<[string, unknown]>([
    ['a credential', { credential: 'Bearer abc' }],
    ['a key', { apiKeyIds: ['k1'] }],
    ['several keys', { apiKeyIds: ['k1', 'k2'] }],
    ['a user', { username: 'alice' }],
    ['a user whose realm is left open', { username: 'alice', realm: undefined }],
    ['a user of a realm', { realm: 'native1', username: 'alice' }],
    ['a realm', { realm: 'native1' }],
    ['everything', 'all'],
  ])('takes %s', (_what, subject) => {
    expect(() => checkSubject(subject)).not.toThrow();
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['another word', 'everything'],
    ['a credential without its name', 'Bearer abc'],
    ['a number', 42],
    ['a list', ['all']],
    ['an empty object', {}],
    ['an unknown name', { user: 'alice' }],
    ['an unknown name beside a known one', { username: 'alice', reason: 'left' }],
    ['an empty credential', { credential: '' }],
    ['a credential that is undefined', { credential: undefined }],
    ['a credential that is null', { credential: null }],
    ['a credential that is a number', { credential: 42 }],
    ['a list of credentials', { credential: ['Bearer abc'] }],
    ['headers for a credential', { credential: { authorization: 'Bearer abc' } }],
    ['a key that is no list', { apiKeyIds: 'k1' }],
    ['no keys', { apiKeyIds: [] }],
    ['an empty key', { apiKeyIds: ['k1', ''] }],
    ['a key that is undefined', { apiKeyIds: [undefined] }],
    ['an empty user', { username: '' }],
    ['a user that is undefined', { username: undefined }],
    ['an empty realm', { realm: '' }],
    ['a user of an empty realm', { username: 'alice', realm: '' }],
    ['a realm that is undefined', { realm: undefined }],
    ['two subjects', { username: 'alice', apiKeyIds: ['k1'] }],
    ['a user that is undefined, in a realm', { username: undefined, realm: 'native1' }],
    ['a user beside a credential that is undefined', { credential: undefined, username: 'alice' }],
    ['a user beside keys that are undefined', { apiKeyIds: undefined, username: 'alice' }],
    ['a realm beside keys that are undefined', { apiKeyIds: undefined, realm: 'native1' }],
  ])('refuses %s, which must not revoke nothing in silence', (_what, subject) => {
    expect(() => checkSubject(subject)).toThrow(
      expect.objectContaining({
        name: 'InvalidArgumentError',
        code: 'invalid_argument',
        message: expect.stringContaining(
          "revoke: takes one of { credential }, { apiKeyIds }, { username, realm? }, { realm } or 'all'",
        ),
      }),
    );
  });
});
