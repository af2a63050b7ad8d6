// What a verifier shares with those of other processes, put together: identities that others have looked up,
// revocations, and that one asks for all. It decides what of it counts here; the engine only keeps and tells.

import { hash, randomUUID } from 'node:crypto';
import type { Fingerprint } from '../memory/fingerprint.js';
import type { Subject } from '../memory/revocation.js';
import { publishSharing } from '../observation/events.js';
import type { Counters, SharingStats } from '../observation/stats.js';
import type { Warn } from '../observation/warnings.js';
import type { Clock } from '../time/clock.js';
import type { Timeline } from '../time/timeline.js';
import { createLru } from '../values/lru.js';
import type { Authenticated } from '../values/verdict.js';
import { away, createInTime, warnOfEngine } from './in-time.js';
import { listen } from './listening.js';
import { createOutbox, type Reach } from './outbox.js';
import type { Heard, SharedName, SharedStart, SharedSubject, Sharing } from './port.js';
import { createSharedNotes } from './shared-notes.js';
import { readIdentity, writeIdentity } from './shared-text.js';
import { credentialName, identityNames, namesOf } from './subject-names.js';

/** What there is of a credential. */
export type Found =
  /** Somebody has looked it up. `startedAt`: on the timeline, at the latest. */
  | {
      readonly kind: 'found';
      readonly verdict: Authenticated;
      readonly startedAt: number;
      readonly leased: boolean;
    }
  /** Nothing that counts. `leased`: somebody is asking for all; `kept`: something is there that does not count. */
  | { readonly kind: 'absent'; readonly leased: boolean; readonly kept: boolean }
  /** It cannot be said. */
  | { readonly kind: 'away' };

export interface SharedVerdicts {
  nameOf(authorization: string, fingerprint: Fingerprint): SharedName;
  /** Where things stand, for a lookup that starts now; `undefined`: what it brings cannot be shared. */
  start(): SharedStart | undefined;
  /** In time. */
  find(name: SharedName, fingerprint: Fingerprint): Promise<Found>;
  /** In nobody's way. */
  keep(name: SharedName, verdict: Authenticated, start: SharedStart): void;
  /** A refusal: what others have kept until now does not count any more, here at once and there as soon as may be. */
  refuse(fingerprint: Fingerprint): void;
  /** @returns whether this process asks for all; without an engine everybody does. */
  lease(name: SharedName): Promise<boolean>;
  release(name: SharedName): void;
  /** How long others wait for who asks for all, in milliseconds. */
  readonly leaseMs: number;
  /** How long anything else takes at most: a quarter of a caller's time, or less. In milliseconds. */
  readonly timeoutMs: number;
  /** Tells the others. What was revoked here has to be revoked before. */
  revoke(subject: Subject, credential?: SharedName): Promise<Reach>;
  /** How old may be what is served at an instant: as old as was asked for, and less when blind. */
  bound(maxAgeMs: number | undefined, now: number): number | undefined;
  readonly blind: boolean;
  readonly stats: SharingStats;
  close(): Promise<void>;
}

export interface SharedSettings {
  readonly sharing: Sharing;
  /** A digest of whom is asked and as whom. */
  readonly authority: string;
  readonly timeoutMs: number;
  readonly blindAfterMs: number;
  readonly blindMaxAgeMs: number;
  readonly leaseMs: number;
}

export interface SharedParts {
  readonly clock: Clock;
  readonly timeline: Timeline;
  /** How long a value may be of use: `ttlMs`, and past it if lookups fail. */
  readonly lifeMs: number;
  /** How long what was revoked matters. */
  readonly memoryMs: number;
  /** What takes longer is as if there were no engine, whatever was set: callers have a deadline. */
  readonly longestMs: number;
  /** Those of the verifier, by which its events are known. */
  readonly counters: Counters;
  readonly warn: Warn;
  /** Forgets here what somebody else has revoked. */
  forget(subject: Subject): void;
}

/** Refusals of credentials that others may still know; what they have kept before does not count here. */
const maxRefused = 2_000;
/** One revocation names so many keys at most, and is so long; of more, everything is revoked for the others. */
const maxIds = 100;
const longestSubject = 8_192;

export function createSharedVerdicts(settings: SharedSettings, parts: SharedParts): SharedVerdicts {
  const { sharing, blindAfterMs, blindMaxAgeMs, leaseMs } = settings;
  const timeoutMs = Math.min(settings.timeoutMs, parts.longestMs);
  const { clock, timeline, lifeMs, memoryMs, counters, forget } = parts;
  // Under the first one is the fingerprint.
  const otherKeys = sharing.digestKeys.slice(1);
  const from = randomUUID();
  const count = { hits: 0, misses: 0, unsealed: 0, heard: 0, told: 0, lost: 0 };
  const host = { authority: settings.authority, clock, now: () => timeline.now(), memoryMs };
  const memory = sharing.open(host);
  let closed = false;
  // What is under way when all is over fails, and that is nobody's fault.
  const warn: Warn = (...warning) => {
    if (!closed) parts.warn(...warning);
  };
  const inTime = createInTime(clock, timeoutMs, warn);
  const notes = createSharedNotes(() => timeline.now(), memoryMs);
  const refused = createLru<Fingerprint, number>(maxRefused);
  /** Of the log that was read last. */
  let epoch: string | undefined;
  /** It could not be read when that was tried first. */
  let wasAway = false;

  const failed = (error: unknown) => {
    wasAway = true;
    warnOfEngine(warn, error);
  };
  const outbox = createOutbox({
    ...{ clock, timeoutMs, from, failed, now: host.now },
    async tell(message) {
      await memory.tell(message);
      count.told += 1;
    },
    expect: notes.expect,
    arrive: notes.arrive,
  });
  const blinded = (blind: boolean) => publishSharing(blind ? 'blind' : 'seeing', counters);
  const listening = listen({ clock, timeline, blindAfterMs, memory, act, failed, blinded });

  return {
    nameOf(authorization, fingerprint) {
      const others = otherKeys.map((key) => hash('sha256', key + authorization, 'binary'));
      return [fingerprint, ...others].map(textOf);
    },

    start: () => (inTime.leftAlone ? undefined : listening.start()),

    async find(name, fingerprint) {
      if (listening.start() === undefined) return { kind: 'away' };
      // Both before it is asked: read afterwards, it would be younger by as long as the answer took.
      const now = timeline.now();
      const wall = clock.wall();
      const found = await inTime.ask(() => memory.find(name));
      if (found === away) return { kind: 'away' };
      if (found.unsealed) unsealed(1);
      const { value, leased } = found;
      const verdict =
        value && countedValue(value.text, value.start, Math.max(found.time, listening.engineTime(now)));
      if (verdict !== undefined) {
        count.hits += 1;
        publishSharing('hit', counters);
        return { kind: 'found', ...verdict, leased };
      }
      count.misses += 1;
      publishSharing('miss', counters);
      return { kind: 'absent', leased, kept: value !== undefined };

      function countedValue(text: string, start: SharedStart, time: number) {
        const identity = readIdentity(text);
        const here = listening.start();
        if (identity === undefined || here?.epoch !== start.epoch) return undefined;
        const names = [credentialName(fingerprint), ...identityNames(identity)];
        if (notes.outdates(start.at, names)) return undefined;
        if (start.time <= (refused.get(fingerprint) ?? -Infinity)) return undefined;
        const ageMs = time - start.time;
        // What is yet to start is from before the engine's clock was set back, nobody knows by how much.
        if (ageMs < 0 || start.time <= listening.setBackFrom || ageMs >= lifeMs) return undefined;
        const verifiedAt = Math.floor(wall - ageMs);
        const verdict: Authenticated = Object.freeze({ kind: 'authenticated', identity, verifiedAt });
        return { verdict, startedAt: now - ageMs };
      }
    },

    keep(name, { identity }, start) {
      const here = listening.start();
      if (here?.epoch !== start.epoch) return;
      const left = lifeMs - Math.max(0, here.time - start.time);
      if (left < 1) return;
      const value = { text: writeIdentity(identity), start };
      void inTime.ask(() => memory.keep(name, value, Math.floor(left)));
    },

    refuse(fingerprint) {
      const time = Math.ceil(listening.engineTime(timeline.now()));
      refused.set(fingerprint, time);
      if (Number.isFinite(time)) void inTime.ask(() => memory.drop([textOf(fingerprint)], time, memoryMs));
    },

    async lease(name) {
      const got = await inTime.ask(() => memory.lease(name, from, leaseMs));
      return got === away || got;
    },
    release(name) {
      void inTime.ask(() => memory.release(name, from));
    },
    leaseMs,
    timeoutMs,

    revoke(subject, credential) {
      const shared = subjectFor(subject, credential);
      return outbox.add(shared, shared === 'all' ? 'all' : namesOf(subject));
    },

    bound(maxAgeMs, now) {
      if (!listening.isBlind(now)) return maxAgeMs;
      return Math.min(blindMaxAgeMs, maxAgeMs ?? blindMaxAgeMs);
    },

    get blind() {
      return listening.isBlind(timeline.now());
    },
    get stats() {
      const now = timeline.now();
      const { position } = listening;
      return {
        ...count,
        failures: inTime.failures,
        blind: listening.isBlind(now),
        lagMs: listening.lagMs(now),
        outbox: outbox.waiting,
        position: position && `${position.epoch} ${position.at}`,
      };
    },

    async close() {
      await outbox.close();
      listening.close();
      closed = true;
      // Also when it is left alone.
      await createInTime(clock, timeoutMs, warn).ask(() => memory.close());
    },
  };

  /** What was told is acted on at once, all of it before anybody else is served. */
  function act(heard: Heard): void {
    const isFirst = epoch === undefined;
    const isAnother = epoch !== heard.position.epoch;
    epoch = heard.position.epoch;
    if (heard.since !== undefined) {
      notes.restart(heard.since);
      // What was kept before counts for nothing in another epoch; before the first reading there was no time yet.
      const time = heard.checked?.time ?? Infinity;
      if (isFirst) for (const fingerprint of [...refused.keys()]) refused.set(fingerprint, time);
      else if (isAnother) refused.clear();
      if (!isFirst) {
        count.lost += 1;
        publishSharing('lost', counters);
        warnOfEngine(warn, 'part of its log is lost, so everything was forgotten');
      }
      // Before it could be read the first time it may have been another one, too.
      if (!isFirst || wasAway) forget('all');
    }
    for (const { at, from: who, serial, subjects } of heard.told) {
      count.heard += 1;
      for (const subject of subjects) hearOf(subject, at, who === from);
      if (who === from) outbox.hear(serial);
    }
    if (heard.unsealed > 0) unsealed(heard.unsealed);
    if (heard.since !== undefined) outbox.tellAgain();
    if (heard.checked !== undefined) outbox.readUntil(heard.checked.askedAt);
    outbox.wake();
  }

  /** @param own was acted on here when it was said. */
  function hearOf(shared: SharedSubject, at: string, own: boolean): void {
    const subjects = shared === 'all' || !('credential' in shared) ? [shared] : shared.credential.map(named);
    for (const subject of subjects) {
      notes.note(subject === 'all' ? 'all' : namesOf(subject), at);
      if (!own) forget(subject);
    }
  }

  function unsealed(number: number): void {
    count.unsealed += number;
    publishSharing('unsealed', counters);
    const cure = 'if all processes have the same secrets and format, somebody else writes under this prefix';
    warn('ESAUTH_UNSEALED', `something shared cannot be opened and counts as nothing: ${cure}`);
  }

  function subjectFor(subject: Subject, credential: SharedName | undefined): SharedSubject {
    if (subject === 'all') return 'all';
    if ('fingerprint' in subject) return { credential: credential ?? [textOf(subject.fingerprint)] };
    if ('apiKeyIds' in subject && subject.apiKeyIds.length > maxIds) return 'all';
    const text = JSON.stringify(subject);
    // A copy: it may have to wait, and whose it is may be changed by whoever has it.
    return text.length > longestSubject ? 'all' : JSON.parse(text);
  }
}

function textOf(digest: string): string {
  return Buffer.from(digest, 'latin1').toString('base64url');
}

function named(text: string): Subject {
  // Made from a fingerprint, under one of the keys of whoever told it.
  return { fingerprint: Buffer.from(text, 'base64url').toString('latin1') as Fingerprint };
}
