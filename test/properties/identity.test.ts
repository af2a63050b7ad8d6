import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIdentity } from '../../packages/core/src/values/identity.js';
import { userIdentity } from '../support/identities.js';

test('P18: whatever JSON comes, it is an identity or none, and nothing is thrown', () => {
  const realm = fc.record(
    { name: fc.jsonValue(), type: fc.jsonValue(), domain: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const body = fc.record(
    {
      username: fc.oneof(fc.string(), fc.jsonValue()),
      roles: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
      authentication_type: fc.oneof(fc.string(), fc.jsonValue()),
      authentication_realm: fc.oneof(fc.constant({ name: 'n', type: 't' }), realm),
      lookup_realm: fc.oneof(fc.constant({ name: 'n', type: 't' }), realm),
      metadata: fc.jsonValue(),
      api_key: fc.oneof(fc.record({ id: fc.jsonValue() }), fc.jsonValue()),
      token: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
      const identity = parseIdentity(value);
      if (identity === undefined) return;
      expect([identity.username, identity.authenticationType, identity.realm.name]).toEqual([
        expect.any(String),
        expect.any(String),
        expect.any(String),
      ]);
      expect(identity.roles.every((role) => typeof role === 'string')).toBe(true);
      expect(Object.isFrozen(identity) && Object.isFrozen(identity.metadata)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('P7: different parts never make the same subject', () => {
  const part = fc.string({ unit: fc.constantFrom('a', ':', '%', '3', 'A', '/', ' ') });
  const parts = fc.tuple(part, part, part, fc.option(part));
  const subjectOf = ([type, realm, username, id]: [string, string, string, string | null]) =>
    userIdentity(username, {
      authentication_type: type,
      lookup_realm: { name: realm, type: 't' },
      ...(id !== null && { api_key: { id } }),
    }).subject;
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      expect(subjectOf(one) === subjectOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 2_000 },
  );
});
