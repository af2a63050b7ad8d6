import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFingerprinter } from '../../packages/core/src/memory/fingerprint.js';
import { createRevocations, type Subject } from '../../packages/core/src/memory/revocation.js';
import { credentialName, identityNames, namesOf } from '../../packages/core/src/sharing/subject-names.js';
import { createFakeClock } from '../support/fake-clock.js';
import { apiKeyIdentity, userIdentity } from '../support/identities.js';

const fingerprint = createFingerprinter();

/** Names that could run into each other, or into the names that the code gives to things. */
const name = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', ' ', '"', ',', '\\', '[', ']', '\ud800'),
    minLength: 1,
    maxLength: 4,
  }),
  fc.constantFrom('user', 'realm', 'owner', 'api key', 'any owner', 'any api key', 'credential', '__proto__'),
);

/** Here, and of what others have kept: both must say the same. */
const outdated = (identity: ReturnType<typeof userIdentity>, subject: Subject) => {
  const isHere = outdatedHere(identity, subject);
  const names = [credentialName(fingerprint('Bearer a')), ...identityNames(identity)];
  expect(subject === 'all' || namesOf(subject).some((one) => names.includes(one))).toBe(isHere);
  return isHere;
};
const outdatedHere = (identity: ReturnType<typeof userIdentity>, subject: Subject) => {
  const revocations = createRevocations(createFakeClock(), 60_000);
  const { revision } = revocations;
  revocations.revoke(subject);
  return revocations.outdates(revision, fingerprint('Bearer a'), {
    kind: 'authenticated',
    identity,
    verifiedAt: 0,
  });
};
const inRealm = (username: string, realm: string) =>
  userIdentity(username, {
    authentication_realm: { name: realm, type: 't' },
    lookup_realm: { name: realm, type: 't' },
  });

test('P7: a user of a realm is outdated by that user, that realm, both, and by no others', () => {
  fc.assert(
    fc.property(name, name, name, name, (username, realm, otherUser, otherRealm) => {
      const identity = inRealm(username, realm);
      const sameUser = username === otherUser;
      const sameRealm = realm === otherRealm;
      expect(outdated(identity, { username: otherUser })).toBe(sameUser);
      expect(outdated(identity, { realm: otherRealm })).toBe(sameRealm);
      expect(outdated(identity, { username: otherUser, realm: otherRealm })).toBe(sameUser && sameRealm);
      expect(outdated(identity, { apiKeyIds: [otherUser, otherRealm] })).toBe(false);
      expect(outdated(identity, { fingerprint: fingerprint(`Bearer ${otherUser}b`) })).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test('P7: moving the border between user and realm makes somebody else', () => {
  const border = fc.constantFrom(' ', '"', ',', '","', ':', '');
  fc.assert(
    fc.property(name, border, name, border, name, (a, one, b, two, c) => {
      const username = `${a}${one}${b}`;
      const other = { username: a, realm: `${b}${two}${c}` };
      const same = username === other.username && c === other.realm;
      expect(outdated(inRealm(username, c), other)).toBe(same);
    }),
    { numRuns: 1_000 },
  );
});

test('P7: an API key is outdated by its id, and by its owner in any realm', () => {
  fc.assert(
    fc.property(name, name, name, (id, owner, other) => {
      const identity = apiKeyIdentity(id, owner);
      expect(outdated(identity, { apiKeyIds: [other] })).toBe(id === other);
      expect(outdated(identity, { username: other })).toBe(owner === other);
      expect(outdated(identity, { username: other, realm: id })).toBe(owner === other);
      expect(outdated(identity, { realm: other })).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('P7: an API key that does not say which is outdated by any, and by its owner in any realm', () => {
  fc.assert(
    fc.property(name, name, (owner, other) => {
      const identity = apiKeyIdentity('unsaid', owner, { api_key: undefined });
      expect(identity.apiKey).toBeUndefined();
      expect(outdated(identity, { apiKeyIds: [other] })).toBe(true);
      expect(outdated(identity, { username: other })).toBe(owner === other);
      expect(outdated(identity, { username: other, realm: 'any' })).toBe(owner === other);
      expect(outdated(identity, { realm: other })).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
