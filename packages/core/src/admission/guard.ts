// Whether a request's caller meets what a route requires. What can be decided from the identity is decided first,
// then what is remembered of his privileges, and only then is Elasticsearch asked, once for the whole requirement.

import { publishForbidden } from '../observation/events.js';
import { warnOnce } from '../observation/warnings.js';
import { InvalidPrivilegesError } from '../values/errors.js';
import {
  askable,
  type Fact,
  factsOf,
  freezeQuestion,
  grants,
  type PrivilegesQuestion,
  questionOf,
} from '../values/privileges.js';
import { type PrivilegesVerdict, rejected } from '../values/verdict.js';
import { areGranted } from '../verification/granted.js';
import { type Caller, callerOf, type Refusal, refuse } from './caller.js';
import { type RequestLike, WantedForRequest } from './entrance.js';
import {
  checkRequirement,
  type Judgement,
  judgeRequirement,
  openParts,
  type PrivilegesRequirement,
  type Requirement,
} from './requirement.js';
import { refuseMore, refuseUncalled } from './uncalled.js';
import type { Ask } from './when-known.js';

/**
 * Decides about one request; never throws.
 *
 * @param admitted the request that admission has seen.
 * @param request the framework's, for privileges that depend on it.
 * @returns the refusal if the requirement is not met (403), if nobody was authenticated (401), if the middleware did
 *   not run for this request (500), or if nothing can be said (503). A function that is yet to find out only if
 *   Elasticsearch has to be asked, or for something that belongs into the framework's error path: it rejects with an
 *   `InvalidPrivilegesError` if there are no such privileges, with whatever the function threw that makes the
 *   question from the request, and with the reason of the signal, which ends the wait.
 */
export type Guard<Request> = (admitted: RequestLike, request: Request) => Outcome | Ask<Outcome>;

type Outcome = Refusal | undefined;

/**
 * Makes the guard of a route.
 *
 * @param route names a request's route in the warning that is given if no middleware ran for it.
 * @param more what an adapter was given besides, which nobody would ask for.
 * @throws {ConfigurationError} `invalid_option` if `requirement` was not made by `roles` and its like, or is not alone.
 */
export function createGuard<Request>(
  requirement: Requirement<Request>,
  route?: (request: Request) => unknown,
  more: readonly unknown[] = [],
): Guard<Request> {
  refuseUncalled('requireThat', requirement, "requireThat(roles('admin'))");
  refuseMore('requireThat', more, 'requireThat(allOf(one, other))');
  checkRequirement(requirement);
  const facts = factsIn(requirement);
  return (admitted, request) => {
    const caller = callerOf(admitted, route, request);
    if (caller.denial !== undefined) return refuse(caller.denial, caller.throws);
    const { verifier, identity, entrance, node } = caller;
    const judgement = judgeRequirement(requirement, identity, unknown);
    if (judgement !== 'open') return conclude(judgement, caller);
    const wanted = new WantedForRequest(entrance, request, node);
    // Whoever has all of it meets what is open: nearly always, and for a tenth of what follows.
    if (facts !== undefined && areGranted(verifier, facts, wanted)) return undefined;
    try {
      return judgePrivileges(requirement, request, caller, wanted);
    } catch (error) {
      return () => Promise.reject(error);
    }
  };
}

/** Before anything is looked up. */
const unknown = (): Judgement => 'open';

/** All privileges that a requirement can ask for; `undefined` if they depend on the request. */
function factsIn<Request>(requirement: Requirement<Request>): readonly Fact[] | undefined {
  switch (requirement.kind) {
    case 'privileges':
      return typeof requirement.question === 'function' ? undefined : factsOf(requirement.question);
    case 'allOf':
    case 'anyOf': {
      const parts = requirement.requirements.map(factsIn);
      return parts.includes(undefined) ? undefined : parts.flatMap((facts) => facts ?? []);
    }
    default:
      return [];
  }
}

/** Goes on where it depends on privileges. */
function judgePrivileges<Request>(
  requirement: Requirement<Request>,
  request: Request,
  caller: Caller,
  wanted: WantedForRequest,
): Outcome | Ask<Outcome> {
  const { verifier, identity, entrance, node } = caller;
  const { throws } = entrance;
  const presented = entrance.presentedBy(node);
  const questions = new Map<PrivilegesRequirement<Request>, PrivilegesQuestion>();
  for (const part of openParts(requirement, identity)) questions.set(part, questionFor(part, request));
  const whole = merge([...questions.values()]);
  const peek = (question: PrivilegesQuestion) => verifier.peekPrivileges(presented, question, wanted);

  const known = whole && peek(whole);
  if (known !== undefined) return insist(settle(() => known));
  // A part that is known may decide, whatever can be learnt of the others.
  const outcome = questions.size > 1 ? settle(peek) : 'open';
  return outcome === 'open' ? askAll : outcome;

  async function askAll(signal?: AbortSignal): Promise<Outcome> {
    const { maxAgeMs, source } = wanted;
    const ask = (question: PrivilegesQuestion) =>
      verifier.hasPrivileges(presented, question, { maxAgeMs, source, signal });
    if (whole !== undefined) {
      const verdict = await ask(whole);
      return insist(settle(() => verdict));
    }
    const asked = [...questions.values()].map(async (question) => [question, await ask(question)] as const);
    const verdicts = new Map(await Promise.all(asked));
    return insist(settle((question) => verdicts.get(question)));
  }

  function settle(
    verdictOf: (question: PrivilegesQuestion) => PrivilegesVerdict | undefined,
  ): Outcome | 'open' {
    const verdicts = new Map([...questions].map(([part, question]) => [part, verdictOf(question)]));
    const told = [...verdicts.values()];
    const rejection = told.find((verdict) => verdict?.kind === 'rejected');
    if (rejection !== undefined) return refuse(verifier.denial(rejection, presented), throws);
    const judgement = judgeRequirement(requirement, identity, (part) => {
      const verdict = verdicts.get(part);
      const question = questions.get(part);
      if (verdict?.kind !== 'answered' || question === undefined) return 'open';
      return grants(verdict.privileges, question) ? 'met' : 'refused';
    });
    if (judgement !== 'open') return conclude(judgement, caller);
    const outage = told.find((verdict) => verdict?.kind === 'unavailable');
    return outage === undefined ? 'open' : refuse(verifier.denial(outage, presented), throws);
  }

  /** Whatever has not been decided lets nobody in. */
  function insist(outcome: Outcome | 'open'): Outcome {
    return outcome === 'open' ? conclude('refused', caller) : outcome;
  }
}

/** As it is now: what a function returns may be one object for all requests, which the next one changes. */
function questionFor<Request>(
  { question }: PrivilegesRequirement<Request>,
  request: Request,
): PrivilegesQuestion {
  if (typeof question !== 'function') return question;
  const made: unknown = question(request);
  if (made instanceof Promise) {
    // Its own failure would be nobody's, and end the process. The mistake is that there is a promise at all.
    made.catch(() => {});
    throw new InvalidPrivilegesError(
      'privileges: the function must return its question, not a promise of it',
    );
  }
  // Whatever else it is, it is checked here.
  return freezeQuestion(made as PrivilegesQuestion);
}

/** One question for all; `undefined` if no single request can ask it. */
function merge(questions: readonly PrivilegesQuestion[]): PrivilegesQuestion | undefined {
  if (questions.length === 1) return questions[0];
  const facts = new Map(questions.flatMap(factsOf).map((fact) => [fact.key, fact]));
  const [together = [], apart] = askable([...facts.values()]);
  return apart === undefined ? questionOf(together) : undefined;
}

function conclude(judgement: Exclude<Judgement, 'open'>, caller: Caller): Outcome {
  if (judgement === 'met') return undefined;
  const { verifier, identity, entrance, node } = caller;
  const { throws } = entrance;
  publishForbidden(identity, verifier);
  const denial = verifier.denial(rejected('forbidden'), entrance.presentedBy(node));
  if (judgement === 'refused') return refuse(denial, throws);
  warnOnce(
    'ESAUTH_NO_ROLES',
    'a route that asks for roles was called by an API key or a service account, which never have any; ask for ' +
      'privileges, with requirePrivileges',
  );
  return refuse({ ...denial, body: { ...denial.body, detail: neverByRoles } }, throws);
}

const neverByRoles =
  'The identity has no roles. API keys and service accounts are judged by privileges, not by roles.';
