// Compiled and never run: what must type-check for users of `@esauth/core`, and what must not.

import {
  type Authenticated,
  allOf,
  anyOf,
  authenticationType,
  type Clock,
  type ConfigurationError,
  createVerifier,
  type Denial,
  DenialError,
  type Identity,
  type LookupError,
  type Presented,
  privileges,
  type Reach,
  type Rejected,
  type RejectionCode,
  type Requirement,
  type Revocable,
  realm,
  roles,
  type Scheme,
  type Unavailable,
  type UnavailableCode,
  type Verdict,
  type Verifier,
  type VerifierOptions,
} from '@esauth/core';
import type { Cache } from '../../packages/core/src/memory/cache.js';
import type { Fingerprint } from '../../packages/core/src/memory/fingerprint.js';
import type { Subject } from '../../packages/core/src/memory/revocation.js';
import type { Credential } from '../../packages/core/src/values/credential.js';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the two types are the same. */
declare function same<A, B>(proof: Equals<A, B>): void;

declare const verifier: Verifier;
declare const verdict: Verdict;
declare const identity: Identity;
declare const fingerprint: Fingerprint;
declare const cache: Cache;

// ---- A verdict has three kinds: a switch that covers them needs no default, and one that does not is seen.

export function exhaustive(given: Verdict): Identity | RejectionCode | UnavailableCode {
  switch (given.kind) {
    case 'authenticated':
      return given.identity;
    case 'rejected':
      return given.code;
    case 'unavailable':
      return given.code;
  }
}

// @ts-expect-error a kind is missing, so the function may end without a return
export function forgetful(given: Verdict): Identity | RejectionCode {
  switch (given.kind) {
    case 'authenticated':
      return given.identity;
    case 'rejected':
      return given.code;
  }
}

// Only a verdict whose kind was looked at gives an identity, and "could not tell" is never mistaken for "no".
// @ts-expect-error not every verdict has an identity
verdict.identity;
// @ts-expect-error not every verdict has a code
verdict.code;
if (verdict.kind === 'rejected') {
  same<typeof verdict.code, RejectionCode>(true);
  // @ts-expect-error nobody was authenticated
  verdict.identity;
}
if (verdict.kind === 'unavailable') {
  same<typeof verdict.code, UnavailableCode>(true);
  same<typeof verdict.cause, LookupError>(true);
  same<typeof verdict.retryAfterMs, number>(true);
}
if (verdict.kind === 'authenticated') {
  same<typeof verdict.identity, Identity>(true);
  same<typeof verdict.verifiedAt, number>(true);
}
same<Verdict, Authenticated | Rejected | Unavailable>(true);
// The codes are public: adding one is a decision, losing one breaks somebody's switch.
same<
  RejectionCode,
  | 'credentials_missing'
  | 'scheme_unsupported'
  | 'credentials_malformed'
  | 'credentials_invalid'
  | 'credentials_expired'
  | 'credentials_restricted'
  | 'anonymous_refused'
  | 'forbidden'
>(true);
same<
  UnavailableCode,
  | 'timeout'
  | 'unreachable'
  | 'overloaded'
  | 'server_error'
  | 'not_elasticsearch'
  | 'bad_response'
  | 'circuit_open'
  | 'queue_full'
  | 'closed'
>(true);
// @ts-expect-error no such code
verdict.kind === 'rejected' && verdict.code === 'credentials_expried';

// ---- What several requests share cannot be written.

// @ts-expect-error readonly
identity.username = 'root';
// @ts-expect-error readonly
identity.roles = ['superuser'];
// @ts-expect-error a readonly list has no push
identity.roles.push('superuser');
// @ts-expect-error readonly
identity.realm.name = 'file1';
// @ts-expect-error readonly
identity.metadata.team = 'b';
// @ts-expect-error readonly
verdict.kind = 'authenticated';
if (identity.apiKey) {
  // @ts-expect-error readonly
  identity.apiKey.id = 'other';
}
// Metadata are whatever the directory holds.
same<typeof identity.metadata, Readonly<Record<string, unknown>>>(true);
// @ts-expect-error an API key may be absent
identity.apiKey.id;
// @ts-expect-error an identity holds no credential
identity.authorization;

// ---- A fingerprint is made in one place only.

// @ts-expect-error a string is no fingerprint
const forged: Fingerprint = 'Bearer abc';
// @ts-expect-error nor does a credential reach an entry
cache.find(({ scheme: 'Bearer', authorization: 'Bearer abc' } as Credential).authorization, 0);
// @ts-expect-error nor a subject
const unnamed: Subject = { fingerprint: 'Bearer abc' };
const found: Authenticated | Rejected | undefined = cache.find(fingerprint, 0)?.verdict;
// A fingerprint may be read as what it is.
const readable: string = fingerprint;

// ---- Options: what is documented, and nothing else.

const nodes = 'https://es.internal:9200';
createVerifier({ nodes });
createVerifier({ nodes: [nodes, 'https://es2.internal:9200'] as const });
createVerifier({
  nodes,
  tls: { ca: [Buffer.from(''), 'PEM'] },
  proxy: 'http://jane:secret@proxy.internal:3128',
  schemes: ['Basic', 'ApiKey', 'Bearer'],
  challenge: { realm: 'r', resourceMetadata: 'https://api.example.com/' },
  maxHeaderLength: 4_096,
  cache: { ttlMs: 1, rejectedTtlMs: 1, maxEntries: 1, maxRejectedEntries: 1 },
  upstream: { timeoutMs: 1 },
  clock: { wall: () => 0, monotonic: () => 0, after: () => () => {} } satisfies Clock,
});
createVerifier({ nodes, cache: false });
// Options may be frozen, and kept.
const kept: VerifierOptions = Object.freeze({ nodes, schemes: Object.freeze(['Bearer'] as const) });

// @ts-expect-error unknown option
createVerifier({ nodes, retry: 3 });
createVerifier({ nodes, proxy: 'environment' });
// @ts-expect-error one proxy for all nodes, as a string
createVerifier({ nodes, proxy: { url: 'http://proxy.internal' } });
// @ts-expect-error unknown option of the cache
createVerifier({ nodes, cache: { ttl: 60 } });
// @ts-expect-error unknown option of upstream
createVerifier({ nodes, upstream: { timeout: 3_000 } });
// @ts-expect-error a cache is configured or off, it is not switched on
createVerifier({ nodes, cache: true });
// @ts-expect-error schemes are written as they are sent
createVerifier({ nodes, schemes: ['bearer'] });
// @ts-expect-error a duration is a number of milliseconds
createVerifier({ nodes, cache: { ttlMs: '60s' } });
// @ts-expect-error the key of an entry is nobody's option
createVerifier({ nodes, cache: { key: (header: string) => header } });
same<Scheme, 'Bearer' | 'ApiKey' | 'Basic'>(true);

// ---- What is presented.

declare const request: import('node:http').IncomingMessage;
const asked: readonly Promise<Verdict>[] = [
  verifier.verify('Bearer abc'),
  verifier.verify(undefined),
  verifier.verify(request.headers),
  verifier.verify({ authorization: ['Bearer abc', 'Bearer def'] }),
  verifier.verify('Bearer abc', { signal: new AbortController().signal }),
  // @ts-expect-error no list without its object: the header's name says what the values are
  verifier.verify(['Bearer abc']),
];
verifier.peek(request.headers.authorization);
// @ts-expect-error no number
const counted: Presented = 42;
same<ReturnType<Verifier['verify']>, Promise<Verdict>>(true);
same<ReturnType<Verifier['peek']>, Verdict | undefined>(true);

// ---- What is revoked.

void verifier.revoke('all');
void verifier.revoke({ credential: 'Bearer abc' });
void verifier.revoke({ apiKeyIds: ['k1'] });
void verifier.revoke({ username: 'alice' });
void verifier.revoke({ username: 'alice', realm: 'native1' });
void verifier.revoke({ realm: 'native1' });
same<ReturnType<Verifier['revoke']>, PromiseLike<Reach>>(true);
// @ts-expect-error another word would revoke nothing
void verifier.revoke('everything');
// @ts-expect-error one key is a list of one
void verifier.revoke({ apiKeyIds: 'k1' });
// @ts-expect-error nobody
void verifier.revoke({});
// @ts-expect-error no such subject
const unknown: Revocable = { apiKeyId: 'k1' };
// @ts-expect-error fingerprints stay inside
void verifier.revoke({ fingerprint });

// ---- Certificates are renewed whole.

verifier.renewTls({ ca: 'PEM', cert: Buffer.from(''), key: 'PEM' });
same<ReturnType<Verifier['renewTls']>, void>(true);
// @ts-expect-error an object, as the option is
verifier.renewTls();
// @ts-expect-error unknown option
verifier.renewTls({ certificate: 'PEM' });

// ---- Denials are made for refusals and outages, never for a yes.

declare const authenticated: Authenticated;
declare const refused: Rejected | Unavailable;
const denial: Denial = verifier.denial(refused, 'Bearer abc');
// @ts-expect-error there is nothing to deny
verifier.denial(authenticated);
// @ts-expect-error no such status
denial.status === 418;
const error = new DenialError(denial);
same<typeof error.headers, Record<string, string | string[]>>(true);
same<typeof error.expose, true>(true);
same<ConfigurationError['code'], 'invalid_option'>(true);

// ---- Requirements are made by functions.

roles('admin', 'reader');
// @ts-expect-error names, not a list of them
roles(['admin', 'reader']);
// @ts-expect-error a requirement is a value that does not change
roles('admin').kind = 'anyRole';
// @ts-expect-error not a way to authenticate
authenticationType('jwt');
// @ts-expect-error applications have resources
privileges({ application: [{ application: 'shop', privileges: ['read'] }] });
// @ts-expect-error Elasticsearch's field is `index`
privileges({ indices: [{ names: 'docs', privileges: ['read'] }] });
interface Framework {
  readonly params: { readonly id: string };
}
const byRequest = privileges(({ params }: Framework) => ({
  index: [{ names: params.id, privileges: ['read'] }],
}));
same<typeof byRequest, Requirement<Framework>>(true);
same<ReturnType<typeof roles>, Requirement>(true);
// One that asks nothing of the request goes with one that does, but does not stand in its place.
const mixed: Requirement<Framework> = allOf(roles('admin'), anyOf(byRequest, realm('native1')));
// @ts-expect-error it needs a request with parameters
const anywhere: Requirement = byRequest;

// ---- An answer about privileges has Elasticsearch's fields, and does not change.

const answer = await verifier.hasPrivileges('Bearer abc', { cluster: ['monitor'] });
if (answer.kind === 'answered') {
  same<typeof answer.privileges.has_all_requested, boolean>(true);
  same<typeof answer.identity, Identity>(true);
  // @ts-expect-error frozen
  answer.privileges.has_all_requested = true;
}
// @ts-expect-error one privilege is a list too
void verifier.hasPrivileges('Bearer abc', { cluster: 'monitor' });

export const used = [asked, forged, unnamed, found, readable, kept, counted, unknown, mixed, anywhere];
