/**
 * From the indices that a request names to those it may touch, and what may be seen of them. Privileges are
 * decided in `authorization.ts`, names resolved here.
 */

import type { IndexGrant } from '../../authorization/authorization.js';
import { notRecovered } from '../../cluster/ailments.js';
import { type Call, queryFlag } from '../../cluster/endpoint.js';
import { withoutHiding } from '../../cluster/features.js';
import type { Security } from '../../cluster/security.js';
import { accessOf } from '../../documents/document-access.js';
import type { Index } from '../../documents/documents.js';
import { invalidIndexName, noSuchIndex, parseIndexExpression } from '../../documents/index-names.js';
import type { Authentication } from '../../identities/identity.js';
import { illegalArgument, Refusal } from '../../wire/envelope.js';
import type { VisibleIndex } from './document-search.js';

/** Which indices are meant, and what is to be done if some are not there. */
export interface Target {
  readonly expression: string;
  /** Whether indices that do not exist, or must not be touched, are passed over. */
  readonly ignoreUnavailable: boolean;
  /** Whether patterns may stand for nothing. */
  readonly allowNone: boolean;
}

/** The parameters of requests for any number of indices. */
export const targetParameters: readonly string[] = [
  'allow_no_indices',
  'expand_wildcards',
  'ignore_unavailable',
];

/** Reads which indices are meant from a path and its parameters. */
export function readTarget(call: Call): Target {
  const wildcards = call.query.get('expand_wildcards') ?? 'open';
  if (!wildcards.split(',').every((kind) => ['open', 'closed', 'hidden', 'all'].includes(kind))) {
    throw new Refusal(illegalArgument(`No valid expand wildcard value [${wildcards}]`));
  }
  return {
    expression: call.segments.get('index') ?? '',
    ignoreUnavailable: queryFlag(call, 'ignore_unavailable'),
    allowNone: !call.query.has('allow_no_indices') || queryFlag(call, 'allow_no_indices'),
  };
}

/** Somebody who sends one request, and what it may do with which indices. */
export interface Caller {
  /** @throws Refusal if an action is not allowed on an index, whether there is such an index or not */
  ensureMay(action: string, name: string): void;
  /** @throws Refusal if an action is not allowed on any index that could be */
  ensureMaySomewhere(action: string): void;
  /**
   * The indices that a request stands for, of which patterns give only those that the caller may touch.
   *
   * @throws Refusal if one is missing, or may not be touched
   */
  resolve(action: string, target: Target): Index[];
  /**
   * What the caller may see of indices that it may touch.
   *
   * @throws Refusal if the licence does not allow to hide anything
   */
  visible(action: string, indices: readonly Index[]): VisibleIndex[];
}

/** Makes what a request needs to know of its sender. It must not outlive the request: roles change. */
export function callerOf(security: Security, authentication: Authentication): Caller {
  const { indices, authorization, states } = security;
  const known = new Map<string, IndexGrant | undefined>();

  // A bulk request asks the same thousands of times.
  function grantOn(action: string, name: string): IndexGrant | undefined {
    const key = `${action} ${name}`;
    if (!known.has(key)) known.set(key, authorization.grantOn(authentication, action, name));
    return known.get(key);
  }

  function refuseOn(action: string, names: readonly string[]): never {
    throw new Refusal(authorization.indexDenial(authentication, action, names));
  }

  function ensureMaySomewhere(action: string): void {
    const limits = authorization.limits(authentication);
    if (!limits.every((limit) => limit.allowsSomewhere(action))) refuseOn(action, []);
    ensureRecovered();
  }

  /** @throws Refusal as long as nobody knows which indices there are */
  function ensureRecovered(): void {
    if (states.has('just started')) throw new Refusal(notRecovered);
  }

  return {
    ensureMaySomewhere,
    ensureMay(action, name) {
      if (grantOn(action, name) === undefined) refuseOn(action, [name]);
      ensureRecovered();
    },
    resolve(action, { expression, ignoreUnavailable, allowNone }) {
      const { names, matches, hasPattern } = parseIndexExpression(expression);
      const may = (name: string): boolean => grantOn(action, name) !== undefined;
      const denied = names.filter((name) => !may(name));
      if (denied.length > 0 && !ignoreUnavailable) refuseOn(action, denied);
      ensureRecovered();
      const found: Index[] = [];
      for (const name of names) {
        if (name.startsWith('_')) throw new Refusal(invalidIndexName(name, "must not start with '_'."));
        const index = may(name) ? indices.find(name) : undefined;
        if (index !== undefined) found.push(index);
        else if (!ignoreUnavailable) throw new Refusal(noSuchIndex(name));
      }
      const others = indices.all().filter((index) => !found.includes(index) && matches(index.name));
      found.push(...others.filter((index) => may(index.name)));
      if (found.length > 0) return found;
      ensureMaySomewhere(action);
      if (!allowNone && (hasPattern || ignoreUnavailable)) throw new Refusal(noSuchIndex(expression));
      return found;
    },
    visible(action, some) {
      const found = some.map((index) => ({
        index,
        access: accessOf(grantOn(action, index.name) ?? [], authentication.user),
      }));
      const limited = found.filter(({ access }) => access.hidesDocuments || access.limitsFields);
      const [only, ...others] = limited.map(({ index }) => index.name);
      if (only === undefined) return found;
      const names = others.length === 0 ? only : [only, ...others];
      const unlicensed = withoutHiding(security, { indices_with_dls_or_fls: names });
      if (unlicensed !== undefined) throw new Refusal(unlicensed);
      return found;
    },
  };
}
