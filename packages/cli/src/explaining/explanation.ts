// Puts together why a credential is refused or accepted: what a verifier makes of it, what Elasticsearch says in its
// own words, what an administrator finds, and what follows.

import type { Identity, PrivilegesVerdict, Verdict, Verifier } from '@esauth/core';
import type { Reach } from '../arguments/connection.js';
import { inFlags } from '../arguments/option-words.js';
import { type Asked, isGranted, questionOf } from '../arguments/privileges.js';
import {
  type Answer,
  challengesOf,
  inFrontOf,
  isKibana,
  openAsker,
  type Said,
  type Words,
  wordsOf,
} from '../asking/elasticsearch.js';
import { openVerifier } from '../asking/verifier.js';
import { withoutSecrets } from '../asking/without-secrets.js';
import type { Credential } from '../credentials/credential.js';
import { type Findings, lookUp, narrowed } from './administrator.js';
import { type Cause, type CauseCode, causes } from './cause.js';
import { causesOfRefusal, checkFailed } from './refusal.js';

export interface Wanted {
  readonly credential: Credential;
  readonly clientAuthentication: string | undefined;
  readonly administrator: Credential | undefined;
  /** What it should be able to do. */
  readonly asked: readonly Asked[];
}

export interface Explanation {
  readonly node: string;
  /** Whether Elasticsearch takes it; `undefined`: nobody could tell. */
  readonly accepted: boolean | undefined;
  readonly identity?: Identity;
  /** What an application that uses esauth would make of it. */
  readonly verdict: string;
  readonly status?: number;
  readonly words?: Words;
  /** One: that is it. Several: one of these. None: it is accepted. */
  readonly causes: readonly Cause[];
  readonly findings?: Findings;
  /** Of what it should be able to do. */
  readonly may?: readonly (Asked & { readonly granted: boolean })[];
  /** Why that is not known. */
  readonly mayNot?: string;
}

/** Causes for which nobody knows whether the credential is good. */
const undecided: ReadonlySet<CauseCode> = new Set([
  'check_failed',
  'overloaded',
  'not_elasticsearch',
  'security_off',
  'no_answer',
  'something_in_front',
]);

/** @throws {UsageError} */
export async function explain(wanted: Wanted, reach: Reach): Promise<Explanation> {
  const { credential, clientAuthentication, administrator } = wanted;
  const shared = clientAuthentication === undefined ? [] : [clientAuthentication];
  const secrets = [...credential.secrets, ...(administrator?.secrets ?? []), ...shared];
  const asker = openAsker(reach, secrets);
  const verifier = openVerifier(reach, clientAuthentication);
  try {
    const { authorization } = credential;
    const isBearer = /^bearer /i.test(authorization);
    const said = await asker.ask({
      path: '/_security/_authenticate',
      authorization,
      clientAuthentication: isBearer ? clientAuthentication : undefined,
    });
    const verdict = await verifier.verify(authorization);
    const there = said.kind === 'answer' ? onlyAt(said.node, reach) : reach;
    const findings =
      administrator === undefined ? undefined : await lookUp(credential.looks, administrator, there, asker);
    const offsetMs = findings?.offsetMs;
    const found = causesOf(said, verdict, wanted, offsetMs);
    const all = findings === undefined ? found : narrowed(found, findings, credential.looks);
    const [first] = all;
    const words = said.kind === 'answer' ? wordsOf(said) : undefined;
    return {
      node: said.node,
      accepted: first === undefined ? true : undecided.has(first.code) ? undefined : false,
      verdict: verdict.kind === 'authenticated' ? 'authenticated' : verdict.code,
      ...(verdict.kind === 'authenticated' && { identity: withoutSecrets(verdict.identity, secrets) }),
      ...(said.kind === 'answer' && { status: said.status }),
      ...(words !== undefined && { words }),
      ...(findings !== undefined && { findings }),
      ...(await whatItMay(verifier, wanted, first === undefined)),
      causes: all,
    };
  } finally {
    await Promise.all([asker.close(), verifier.close()]);
  }
}

/** Where somebody answers, whatever the nodes before it do. */
function onlyAt(node: string, { cloudId: _, ...way }: Reach): Reach {
  return { ...way, nodes: [node] };
}

async function whatItMay(
  verifier: Verifier,
  { credential, asked }: Wanted,
  isAccepted: boolean,
): Promise<Pick<Explanation, 'may' | 'mayNot'>> {
  if (asked.length === 0) return {};
  if (!isAccepted) return { mayNot: 'it is not accepted, so it may do nothing' };
  const answer: PrivilegesVerdict = await verifier.hasPrivileges(credential.authorization, questionOf(asked));
  if (answer.kind !== 'answered') return { mayNot: answer.code };
  return { may: asked.map((each) => ({ ...each, granted: isGranted(each, answer.privileges) })) };
}

function causesOf(
  said: Said,
  verdict: Verdict,
  { credential, clientAuthentication }: Wanted,
  offsetMs: number | undefined,
): readonly Cause[] {
  const { looks, authorization } = credential;
  if (said.kind === 'none') {
    return [
      { code: 'no_answer', text: `no answer: ${said.words}`, cure: `esauth check ${said.node} looks closer` },
    ];
  }
  const words = wordsOf(said);
  const scheme = authorization.slice(0, authorization.indexOf(' '));
  if (said.status === 200) return causesOfYes(said, verdict);
  if (words?.type.startsWith('too_long_') || said.status === 431) return [causes.header_too_long];
  if (said.status === 429) return [overloaded];
  if ((said.status === 401 || said.status === 403) && words?.type === 'security_exception') {
    if (words.unlicensed !== undefined) return [causes.tokens_unlicensed];
    const hadClientAuthentication = clientAuthentication !== undefined;
    const jwt = { now: Date.now(), offsetMs, hadClientAuthentication };
    return causesOfRefusal({ scheme, looks, words, challenges: challengesOf(said), jwt });
  }
  const isOff = verdict.kind === 'unavailable' && verdict.cause.message.includes('security is off');
  if (isOff) return [securityOff];
  if (said.status >= 500 && words !== undefined) return [checkFailed(words.cause ?? words.reason, looks)];
  // Such as a block of the security index, which is 403 and no refusal.
  if (words?.type.endsWith('_exception')) return [checkFailed(words.reason, looks)];
  return [stranger(said, verdict)];
}

/** It was taken; for whose? */
function causesOfYes(said: Answer, verdict: Verdict): readonly Cause[] {
  if (verdict.kind === 'authenticated') return [];
  if (verdict.kind === 'rejected' && verdict.code === 'anonymous_refused') return [causes.anonymous];
  if (verdict.kind === 'rejected') {
    return [
      {
        code: 'answered_as_another',
        text: 'Elasticsearch answered as somebody else than this credential is of',
        cure: 'a client certificate (--cert) that a PKI realm takes, or a proxy that puts in a credential of its own',
      },
    ];
  }
  return [stranger(said, verdict)];
}

const overloaded: Cause = {
  code: 'overloaded',
  text: 'Elasticsearch has no room to check it now (429)',
  cure: 'ask later',
};

const securityOff: Cause = {
  code: 'security_off',
  text: 'security is off in this cluster: no credential is checked, and everybody may do everything',
  cure: 'xpack.security.enabled: true',
};

function stranger(said: Answer, verdict: Verdict): Cause {
  const cure = `esauth check ${said.node} looks closer`;
  if (isKibana(said))
    return { code: 'not_elasticsearch', text: 'this is Kibana, and not Elasticsearch', cure };
  const front = inFrontOf(said);
  if (front !== undefined) {
    const text = `something in front of Elasticsearch answers ${said.status} (${front})`;
    return { code: 'something_in_front', text, cure };
  }
  // It answered once, and then no more in time.
  if (verdict.kind === 'unavailable' && (verdict.code === 'timeout' || verdict.code === 'unreachable')) {
    return { code: 'no_answer', text: `no answer: ${inFlags(verdict.cause.message)}`, cure };
  }
  const text =
    verdict.kind === 'unavailable'
      ? inFlags(verdict.cause.message)
      : `the answer (${said.status}) is none of Elasticsearch's`;
  return { code: 'not_elasticsearch', text, cure };
}
