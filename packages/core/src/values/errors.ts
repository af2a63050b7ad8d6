// What this package throws, and the error that explains a verdict of kind `unavailable`; every message as `messages.ts`
// words it. Told apart by
// `code`; `instanceof` also works across two copies of the package in one process, by registered symbols.

import type { UnavailableCode } from './codes.js';
import { worded } from './messages.js';

const configuration = Symbol.for('esauth.ConfigurationError');
const invalidArgument = Symbol.for('esauth.InvalidArgumentError');
const invalidPrivileges = Symbol.for('esauth.InvalidPrivilegesError');
const lookup = Symbol.for('esauth.LookupError');

/** An option is wrong. Thrown while the application starts, never at a request. Mend the option named. */
export class ConfigurationError extends Error {
  override readonly name: string = 'ConfigurationError';
  readonly code = 'invalid_option';
  /** The option's path, for example `cache.ttlMs`. */
  readonly option: string;

  /** @param expected the accepted range, in words. The value given is never repeated: it may be a secret. */
  constructor(option: string, expected: string) {
    super(worded('invalid_option', `${option}: ${expected}`));
    mark(this, configuration);
    this.option = option;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, configuration);
  }
}

/** A method was called with an argument that it cannot use: a programmer's mistake. */
export class InvalidArgumentError extends Error {
  override readonly name: string = 'InvalidArgumentError';
  readonly code = 'invalid_argument';

  /** @param text what is wrong, and what is right. */
  constructor(text: string) {
    super(worded('invalid_argument', text));
    // Written out at once, for the reason that others have none.
    void this.stack;
    mark(this, invalidArgument);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, invalidArgument);
  }
}

/**
 * A question about privileges that cannot be answered: it is empty or of the wrong shape, or Elasticsearch said
 * 400 because a privilege does not exist. A programmer's mistake, so it is thrown and never a refusal.
 */
export class InvalidPrivilegesError extends Error {
  override readonly name: string = 'InvalidPrivilegesError';
  readonly code = 'invalid_privileges';
  /** `error.type` of Elasticsearch's answer, if it was asked. */
  readonly type: string | undefined;
  /** `error.reason` of it, without any part of the credential. */
  readonly reason: string | undefined;

  /** @param text what is wrong with the question. */
  constructor(text: string, { type, reason }: Pick<LookupFailure, 'type' | 'reason'> = {}) {
    super(worded('invalid_privileges', text));
    // Written out at once, for the reason that others have none.
    void this.stack;
    mark(this, invalidPrivileges);
    this.type = type;
    this.reason = reason;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, invalidPrivileges);
  }
}

/**
 * An error without a stack. It is made where a credential is at hand, at whatever pace callers choose, and kept by
 * caches, logs and whoever gets it: until a stack is written out it keeps alive its functions, and what they see.
 */
export class StacklessError extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Runs something during which Node makes an error of its own, without a stack likewise. */
export function withoutStacks(action: () => void): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    action();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What is known about a lookup that gave no verdict. */
export interface LookupFailure {
  /** Base URL of the node that was asked last. */
  readonly node?: string | undefined;
  /** HTTP status of its answer, if there was one. */
  readonly upstreamStatus?: number | undefined;
  /** `error.type` of a well-formed Elasticsearch error. */
  readonly type?: string | undefined;
  /** `error.reason` of a well-formed Elasticsearch error, without any part of the credential. */
  readonly reason?: string | undefined;
}

/**
 * Why there is no verdict. For logs and for operators: it names the node and never contains a credential or
 * the text of a body, but it may contain addresses, so it does not belong in an answer to a client.
 */
export class LookupError extends StacklessError {
  override readonly name: string = 'LookupError';
  readonly code: UnavailableCode;
  readonly node: string | undefined;
  /** HTTP status of Elasticsearch's answer, if there was one. */
  readonly upstreamStatus: number | undefined;
  // Frameworks answer with these if an application lets the error reach their error path.
  readonly status = 503;
  readonly statusCode = 503;
  readonly expose = false;
  readonly type: string | undefined;
  readonly reason: string | undefined;

  /** @param text what happened, and what cures it. */
  constructor(code: UnavailableCode, text: string, failure: LookupFailure = {}) {
    super(worded(code, text));
    mark(this, lookup);
    this.code = code;
    this.node = failure.node;
    this.upstreamStatus = failure.upstreamStatus;
    this.type = failure.type;
    this.reason = failure.reason;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return carries(value, lookup);
  }
}

/** Marks an error as one of a class, so that `carries` knows it whichever copy of the package made it. */
export function mark(error: Error, symbol: symbol): void {
  Object.defineProperty(error, symbol, { value: true });
}

/** Whether an error was marked as one of a class (`mark`), by whichever copy of the package. */
export function carries(value: unknown, symbol: symbol): boolean {
  return typeof value === 'object' && value !== null && symbol in value;
}
