// For applications: making a verifier, and what it says. First of all, that Node is too old for it.

import './values/node-version.js';

export type { AuthenticationType, PrivilegesRequirement, Requirement } from './admission/requirement.js';
export {
  allOf,
  anyOf,
  anyRole,
  authenticationType,
  privileges,
  realm,
  roles,
} from './admission/requirement.js';
export type { Revocable } from './memory/revocation.js';
export type {
  LookupEvent,
  NodeEvent,
  RevocationEvent,
  SharingEvent,
  VerdictEvent,
  WaitEvent,
} from './observation/events.js';
export type { Health, NodeState, SharingStats, VerifierStats } from './observation/stats.js';
export type { TlsOptions } from './options/node-options.js';
export type { CacheOptions, UpstreamOptions, VerifierOptions } from './options/options.js';
export type { Reach } from './sharing/outbox.js';
export type { Clock } from './time/clock.js';
export type {
  MistakeCode,
  RejectionCode,
  ThrownCode,
  UnavailableCode,
  WarningCode,
} from './values/codes.js';
export type { FetchHeaders, NodeRequest, Presented, Scheme } from './values/credential.js';
export { authorizationOf } from './values/credential.js';
export type { Challenge, Denial, ProblemDetails } from './values/denial.js';
export { DenialError } from './values/denial.js';
export {
  ConfigurationError,
  InvalidArgumentError,
  InvalidPrivilegesError,
  LookupError,
} from './values/errors.js';
export type { Identity, Realm } from './values/identity.js';
export type {
  ApplicationPrivileges,
  Granted,
  IndexPrivileges,
  Privileges,
  PrivilegesQuestion,
} from './values/privileges.js';
export { responseOf } from './values/response.js';
export type {
  Authenticated,
  PrivilegesAnswered,
  PrivilegesVerdict,
  Rejected,
  Unavailable,
  Verdict,
} from './values/verdict.js';
export type { VerifyOptions } from './verification/verification.js';
export type { CheckOptions, Verifier } from './verifier.js';
export { createVerifier } from './verifier.js';

// For adapters: what a framework needs besides.

export type { Admission, Gate, Given, Host } from './admission/admission.js';
export { createGate, verifierFrom } from './admission/admission.js';
export type { CallerHeaders, Refusal, RouteOf, Wrapping } from './admission/caller.js';
export { callerHeaders, identityOf } from './admission/caller.js';
export type { RequestLike } from './admission/entrance.js';
export { shownIdentity } from './admission/entrance.js';
export type { Guard } from './admission/guard.js';
export { createGuard } from './admission/guard.js';
export type { Guards } from './admission/guards.js';
export { createGuards } from './admission/guards.js';
export type { Way } from './admission/passage.js';
export { passGate, passGuard } from './admission/passage.js';
export type { AdmissionOptions, Identified, RouteOptions, VerifierOf } from './admission/settings.js';
export { refuseCalled } from './admission/uncalled.js';
export type { Ask, ResponseLike } from './admission/when-known.js';
export { whenKnown } from './admission/when-known.js';
export { own } from './values/json.js';

// For engines through which verifiers share one memory.

export type {
  Heard,
  Message,
  Position,
  SharedFound,
  SharedMemory,
  SharedName,
  SharedStart,
  SharedSubject,
  SharedValue,
  Sharing,
  SharingHost,
  Told,
} from './sharing/port.js';

// For packages of ours that ask Elasticsearch other things.

export type { Connection, ConnectionOptions, Connections, NodeAnswer } from './connections.js';
export { openConnections } from './connections.js';
export { isLoopback } from './options/node-options.js';
export { nearestName, unknownAmong } from './options/option-names.js';
export { systemClock } from './time/clock.js';
export { explainFailure } from './upstream/network-failure.js';
export { unbracketed } from './upstream/tunnel.js';
export { carries, mark } from './values/errors.js';
export { isRecord, parseJson } from './values/json.js';
export { unworded, wordedAt } from './values/messages.js';
export { strikeOut } from './values/redaction.js';
