// For applications.

// For adapters: what a framework needs besides.
export type { Admission, AdmissionOptions, Gate, RequestLike } from './admission.js';
export { callerHeaders, createGate, guard, identityOf } from './admission.js';
export type { BreakerState } from './breaker.js';
export type { Clock } from './clock.js';
export type { Presented, Scheme } from './credential.js';
export { authorizationOf } from './credential.js';
export type { Challenge, Denial, ProblemDetails } from './denial.js';
export { DenialError } from './denial.js';
export { ConfigurationError, InvalidArgumentError, LookupError } from './errors.js';
export type { LookupEvent, NodeEvent, RevocationEvent, VerdictEvent } from './events.js';
export type { Identity, Realm } from './identity.js';
export type { TlsOptions } from './node-options.js';
export type { NodeState } from './nodes.js';
export type { CacheOptions, UpstreamOptions, VerifierOptions } from './options.js';
export type { Requirement } from './requirement.js';
export { roles } from './requirement.js';
export type {
  Authenticated,
  Rejected,
  RejectionCode,
  Unavailable,
  UnavailableCode,
  Verdict,
} from './verdict.js';
export type { Health, Revocable, Verifier, VerifierStats, VerifyOptions } from './verifier.js';
export { createVerifier } from './verifier.js';
