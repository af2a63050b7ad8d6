// What a node says of itself: without a credential what a refusal lets through, with one the rest. A 9.5 that is
// asked without a credential says no version, no licence and no time (`test/recorded`, `who-none`); what it does say
// is how it challenges: which services are on (`services-off`), and in a spelling that changed with 8.15.

import { own } from '@esauth/core';
import { type Answer, type Asker, challengesOf, dateOf, offsetOf } from '../asking/elasticsearch.js';
import type { Credential } from '../credentials/credential.js';
import type { Step } from './step.js';

/** What only some may ask. */
export interface Known {
  /** Whether a credential was presented, and what became of it. */
  readonly credential: 'none' | 'accepted' | 'refused' | 'unknown';
  readonly version?: string | undefined;
  readonly cluster?: string | undefined;
  readonly licence?: { readonly type: string; readonly status: string } | undefined;
  /** Whether what is asked needs the privilege `monitor`, and this credential has none. */
  readonly isForbidden: boolean;
  readonly offsetMs?: number | undefined;
}

/** Asks with a credential, or without one where nobody wants any. */
export async function knownWith(
  asker: Asker,
  credential: Credential | undefined,
  probed: Answer,
): Promise<Known> {
  const isOpen = probed.status !== 401;
  if (credential === undefined && !isOpen) return { credential: 'none', isForbidden: false };
  const authorization = credential?.authorization;
  const [root, licence, health, self] = await Promise.all(
    ['/', '/_license', '/_cat/health?h=epoch&format=json', '/_security/_authenticate'].map((path) =>
      asker.ask({ path, authorization }),
    ),
  );
  const bodyOf = (said: typeof root) =>
    said?.kind === 'answer' && said.status === 200 ? said.body : undefined;
  const textAt = (of: unknown, name: string) => {
    const value = own(of, name);
    return typeof value === 'string' ? value : undefined;
  };
  const version = textAt(own(bodyOf(root), 'version'), 'number');
  const type = textAt(own(bodyOf(licence), 'license'), 'type');
  const status = textAt(own(bodyOf(licence), 'license'), 'status');
  const epoch = Number(
    textAt((bodyOf(health) as readonly unknown[] | undefined)?.[0], 'epoch') ?? Number.NaN,
  );
  const isForbidden = root?.kind === 'answer' && root.status === 403;
  return {
    credential: credential === undefined ? 'none' : fateOf(self),
    version,
    cluster: textAt(bodyOf(root), 'cluster_name'),
    licence: type === undefined ? undefined : { type, status: status ?? '' },
    isForbidden,
    offsetMs:
      health?.kind === 'answer' && !Number.isNaN(epoch) ? offsetOf(epoch * 1_000, health.between) : undefined,
  };
}

function fateOf(said: Awaited<ReturnType<Asker['ask']>> | undefined): Known['credential'] {
  if (said?.kind !== 'answer') return 'unknown';
  if (said.status === 200) return 'accepted';
  return said.status === 401 || said.status === 403 ? 'refused' : 'unknown';
}

const withMonitor = 'with the credential of somebody who has the cluster privilege monitor it is known';

export function versionStep(probed: Answer, { version, cluster }: Known): Step {
  if (version !== undefined) {
    const text = cluster === undefined ? version : `${version}, cluster ${cluster}`;
    return { step: 'version', state: 'yes', text, facts: { version, cluster } };
  }
  const range = rangeOf(probed);
  if (range === undefined)
    return { step: 'version', state: 'unknown', text: 'it does not say', cure: withMonitor };
  const text = `${range}, by the form of its answer`;
  return { step: 'version', state: 'yes', text, cure: `${withMonitor} exactly`, facts: { range } };
}

/** By what a 401 looks like (reference, 3.3 and 1.1): a comma since 8.15.0, and up to 7.17 a charset. */
function rangeOf(probed: Answer): string | undefined {
  const basic = challengesOf(probed)?.basic;
  if (basic === undefined) return undefined;
  if (/;\s*charset/i.test(probed.headers['content-type']?.[0] ?? '')) return '7.x';
  return basic.includes(',') ? '8.15 or later' : '8.0 to 8.14';
}

export function* serviceSteps(probed: Answer, known: Known): Generator<Step> {
  const challenges = challengesOf(probed);
  if (challenges === undefined) {
    const text = 'on; requests without a credential are let in as the anonymous user';
    yield { step: 'security', state: probed.status === 200 ? 'warning' : 'yes', text };
    const unknown = 'it challenges nobody, so it does not say';
    yield { step: 'token service', state: 'unknown', text: unknown };
    yield { step: 'API keys', state: 'unknown', text: unknown };
  } else {
    yield { step: 'security', state: 'yes', text: 'on' };
    yield tokenServiceStep(challenges.bearer, known);
    yield challenges.apiKey
      ? { step: 'API keys', state: 'yes', text: 'on' }
      : {
          step: 'API keys',
          state: 'warning',
          text: 'off',
          cure: 'xpack.security.authc.api_key.enabled: true',
        };
  }
  if (known.licence !== undefined) {
    const { type, status } = known.licence;
    const state = status === 'active' ? 'yes' : 'warning';
    yield { step: 'licence', state, text: `${type}, ${status}`, facts: { type, status } };
  }
  if (known.credential !== 'none') yield credentialStep(known);
}

/** Whether it is turned on shows without a credential; whether the licence has it, only with one. */
function tokenServiceStep(isOn: boolean, { licence }: Known): Step {
  if (!isOn) {
    const cure = 'xpack.security.authc.token.enabled: true, which is so by default where HTTP has TLS';
    return { step: 'token service', state: 'warning', text: 'off: no access tokens', cure };
  }
  // Recorded, `licence-basic`: it challenges all the same, and refuses to give tokens.
  if (licence?.type === 'basic') {
    const text = 'on, but a basic licence has no access tokens';
    return { step: 'token service', state: 'warning', text, cure: 'a trial or a paid licence' };
  }
  const text =
    licence === undefined ? 'on (whether the licence has it is not said without a credential)' : 'on';
  return { step: 'token service', state: 'yes', text };
}

function credentialStep({ credential, isForbidden }: Known): Step {
  if (credential === 'accepted') {
    const more = isForbidden ? ', without the privilege monitor: it is not told everything' : '';
    return { step: 'credential', state: 'yes', text: `accepted${more}` };
  }
  if (credential === 'refused') {
    return { step: 'credential', state: 'no', text: 'refused', cure: 'esauth explain says why' };
  }
  return { step: 'credential', state: 'unknown', text: 'nothing was said of it' };
}

/** Elasticsearch sends no `Date` (all of `test/recorded`); what is in front of it may. */
export function timeStep(probed: Answer, { offsetMs }: Known): Step {
  const date = dateOf(probed);
  const byDate = date === undefined ? undefined : offsetOf(date, probed.between);
  const offset = offsetMs ?? byDate;
  if (offset === undefined) {
    const text = 'it says no time without a credential';
    return { step: 'time', state: 'unknown', text, cure: withMonitor };
  }
  const whose = offsetMs === undefined ? 'the clock of what is in front of it' : 'its clock';
  const facts = { offsetMs: offset, of: offsetMs === undefined ? 'proxy' : 'node' };
  if (Math.abs(offset) < 5_000) {
    const text =
      offset === 0
        ? `${whose} says what ours does, to the second`
        : `${whose} and ours differ by ${inWords(offset)}`;
    return { step: 'time', state: 'yes', text, facts };
  }
  const text = `${whose} is ${inWords(offset)} ${offset > 0 ? 'ahead of' : 'behind'} ours`;
  const cure = 'set both by NTP: certificates, JWTs and expirations are judged by clocks';
  return { step: 'time', state: 'warning', text, cure, facts };
}

function inWords(offsetMs: number): string {
  const seconds = Math.abs(offsetMs) / 1_000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3_600)} hours`;
}
