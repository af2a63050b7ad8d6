// What `revoke` does: forgets here, at once, and then tells those who share. A credential is named as it is remembered,
// whatever way it is spelled; what can be none must not revoke nothing.

import type { Cache } from '../memory/cache.js';
import type { Fingerprinter } from '../memory/fingerprint.js';
import type { Recent } from '../memory/recent.js';
import { checkSubject, type Revocable, type Revocations, type Subject } from '../memory/revocation.js';
import type { Reach } from '../sharing/outbox.js';
import type { SharedVerdicts } from '../sharing/shared-verdicts.js';
import { knownSchemes, parseCredential } from '../values/credential.js';
import { InvalidArgumentError } from '../values/errors.js';

/** One for all: who shares nothing waits for nothing. */
const onlyHere: Promise<Reach> = Promise.resolve('local');

/** @returns what forgets here what anybody has revoked. */
export function createForget(
  cache: Cache,
  revocations: Revocations,
  recent: Recent | undefined,
): (subject: Subject) => void {
  return (subject) => {
    recent?.wipe();
    // Of what is neither remembered nor asked for there is nothing to forget, and no note: whoever may revoke at
    // an open route could fill the notes, and then all would be forgotten.
    if (subject !== 'all' && 'fingerprint' in subject && !cache.knows(subject.fingerprint)) return;
    revocations.revoke(subject, cache.judge);
  };
}

export function createRevoke(
  fingerprint: Fingerprinter,
  forget: (subject: Subject) => void,
  shared: SharedVerdicts | undefined,
): (subject: Revocable) => Promise<Reach> {
  return (subject) => {
    checkSubject(subject);
    if (subject === 'all' || !('credential' in subject)) {
      forget(subject);
      return shared?.revoke(subject) ?? onlyHere;
    }
    const parsed = parseCredential(subject.credential, knownSchemes);
    if (parsed.kind === 'credential') {
      const name = fingerprint(parsed.authorization);
      forget({ fingerprint: name });
      return shared?.revoke({ fingerprint: name }, shared.nameOf(parsed.authorization, name)) ?? onlyHere;
    }
    // Nobody has accepted it.
    if (parsed.code === 'credentials_invalid') return onlyHere;
    // Most likely a token without its scheme, which would revoke nothing.
    throw new InvalidArgumentError(
      'revoke: credential must be an Authorization value with its scheme, such as Bearer ‹token›',
    );
  };
}
