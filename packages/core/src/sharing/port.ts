// The port through which verifiers of many processes share one memory, for whoever brings an engine: something that
// keeps values for a while, and a log of revocations that is read on from where one stood. `@esauth/redis` is one.
//
// What an engine has to know is small. It never sees a credential: only names, which are digests under its own keys.
// It need not decide anything either: ages, revocations, deadlines, what counts when it is slow or away, are core's
// business. Every method may be slow and may reject; a rejection's message names cause and cure for an operator, and
// no secret. What an engine must keep:
//
// - Values come back as they were kept, for that name and that authority, or not at all. Who can write to the engine
//   must not be able to make one up, to change one, or to move one under another name.
// - Who reads all that it keeps must not learn a name, a value, or what was revoked.
// - The log hands over every revocation once it was appended, to everybody, in one order; or it says that some are
//   lost. What cannot be read in it counts as a revocation of everything.

import type { Clock } from '../time/clock.js';

/** What `createVerifier({ sharing })` takes: an engine that is not in use yet, and how far it is trusted. */
export interface Sharing {
  /**
   * Keys for digests of credentials, from the engine's secrets: 64 hexadecimal digits each, the first is the one under
   * which this process names credentials. All processes that share have the first of every other one among theirs, so
   * that a revoked credential is known by one of its names everywhere. They never leave the process.
   */
  readonly digestKeys: readonly string[];
  /**
   * What takes longer is as if there were no engine. In milliseconds, 1 to 86 400 000, default 50.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * When the log was not read for so long, this process is blind: it may have missed a revocation. In milliseconds, 1
   * to 86 400 000, default 2 000.
   */
  readonly blindAfterMs?: number | undefined;
  /**
   * What a blind process serves from memory at most: nothing that is older. In milliseconds, 0 to 86 400 000, default
   * 5 000.
   */
  readonly blindMaxAgeMs?: number | undefined;
  /**
   * How long others wait at most for the one that asks Elasticsearch for all; it may have died. In milliseconds, 0 to
   * 86 400 000, default 1 000; 0 turns it off: everybody asks.
   */
  readonly leaseMs?: number | undefined;
  /** Begins. Called once by each verifier, which closes what it gets. Throws `ConfigurationError` if it cannot work. */
  open(host: SharingHost): SharedMemory;
}

/** What a verifier tells an engine. */
export interface SharingHost {
  /**
   * Whom it asks and as whom: which Elasticsearch, client authentication, what of an answer is read. A digest, the same
   * in all processes with the same options. What was kept for another authority is not found.
   */
  readonly authority: string;
  readonly clock: Clock;
  /** The instant by which ages are measured, in milliseconds: `Heard.checked.askedAt` is one. */
  now(): number;
  /** For how long what was revoked matters, in milliseconds: nothing that is served is older. */
  readonly memoryMs: number;
}

/** A credential, by its digests under all of `digestKeys`, in their order. */
export type SharedName = readonly string[];

/**
 * A place in the log. Within an epoch, places are in order as strings are. Another epoch begins when the engine's clock
 * or log may have become another one (a restart, a replica in its place): what was kept before is not comparable.
 */
export interface Position {
  readonly epoch: string;
  readonly at: string;
}

/** Where things stood before a lookup started. */
export interface SharedStart extends Position {
  /** At the latest, on the engine's own clock, in milliseconds. */
  readonly time: number;
}

/** What a lookup brought, as text, and since when it counts. */
export interface SharedValue {
  readonly text: string;
  readonly start: SharedStart;
}

/** What was found under a name. */
export interface SharedFound {
  /** The engine's clock when it looked, in milliseconds. */
  readonly time: number;
  readonly value: SharedValue | undefined;
  /** Something stood there that is not from whoever has the secrets, or was meant for another name. */
  readonly unsealed: boolean;
  /** Somebody else is asking Elasticsearch for all (`lease`). */
  readonly leased: boolean;
}

/** Whose verdicts are to be forgotten; credentials by their names. */
export type SharedSubject =
  | { readonly credential: SharedName }
  | { readonly apiKeyIds: readonly string[] }
  | { readonly username: string; readonly realm?: string | undefined }
  | { readonly realm: string }
  | 'all';

/** A message: at most 100 subjects. */
export interface Message {
  /** Which verifier tells it, and which of its messages it is. */
  readonly from: string;
  readonly serial: number;
  readonly subjects: readonly SharedSubject[];
}

/** A message of the log, at its place. One that cannot be read is from `''`, and about `'all'`. */
export interface Told extends Message {
  readonly at: string;
}

/** What was read from the log. */
export interface Heard {
  /** In order. */
  readonly told: readonly Told[];
  /** Where the next reading goes on. */
  readonly position: Position;
  /**
   * Nothing is missing of what had been appended until `askedAt`, on the verifier's `now`; and what the engine's clock
   * said after that. `undefined` if there is more to read, or that is not sure.
   */
  readonly checked: { readonly askedAt: number; readonly time: number } | undefined;
  /**
   * For the first reading, and whenever something between the last one and this is lost, or may be: `told` begins
   * again, with all that is there of the last `memoryMs` at least, and what was revoked before this place may be
   * missing.
   */
  readonly since: string | undefined;
  /** How many messages there were that cannot be read. */
  readonly unsealed: number;
}

/** What an engine for `sharing` offers: a log of revocations, and values with a lifetime. */
export interface SharedMemory {
  /**
   * Reads the log on from where it stood; waits for something new, `waitMs` at most. One call at a time.
   */
  read(waitMs: number): Promise<Heard>;
  /** Appends to the log. */
  tell(message: Message): Promise<void>;
  find(name: SharedName): Promise<SharedFound>;
  /** Keeps a value for `lifeMs` milliseconds, unless one is there that started later. */
  keep(name: SharedName, value: SharedValue, lifeMs: number): Promise<void>;
  /** Removes a value, if there is one that started before `time`, and for `lifeMs` keeps others out that did. */
  drop(name: SharedName, time: number, lifeMs: number): Promise<void>;
  /** @returns whether this process, and no other within `leaseMs`, asks for all from now on. */
  lease(name: SharedName, holder: string, leaseMs: number): Promise<boolean>;
  /** Ends what `lease` gave to this holder, and to no other. */
  release(name: SharedName, holder: string): Promise<void>;
  /** Ends what it began, and nothing else: connections that were handed to it are their owner's. */
  close(): Promise<void>;
}
