/** What the page shows of an emulator, as plain JSON. No secret, and nothing made from one, is in it. */

import type { Security } from '../cluster/security.js';
import type { EnteredState } from '../controls/cluster-states.js';
import type { ArmedFault, Fault, FaultSource } from '../controls/faults.js';
import { type Exchange, type RequestLog, shownTarget } from '../controls/request-log.js';
import { describeCaller, reservedRealm } from '../identities/identity.js';
import type { Account } from '../identities/users.js';

/** What the page looks at. */
export interface PageParts {
  readonly security: Security;
  readonly faults: FaultSource;
  readonly log: RequestLog;
}

/** Everything that the page shows. Instants are milliseconds since 1970 in the emulator's time. */
export interface View {
  readonly version: string;
  readonly license: string;
  readonly now: number;
  /** How far the emulator's time is ahead of the machine's. */
  readonly aheadMs: number;
  readonly faults: readonly FaultView[];
  readonly requests: readonly RequestView[];
  readonly keys: Some<KeyView>;
  readonly tokens: Some<TokenView>;
  readonly users: Some<UserView>;
}

/** The first items of what may be a very long list. */
export interface Some<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

export interface FaultView {
  readonly of: 'requests' | 'cluster';
  /** Of its kind, no other has the same. */
  readonly id: number;
  /** What happens. */
  readonly what: string;
  /** To which requests. */
  readonly where: string;
  /** How many it still strikes; `null`: all. */
  readonly left: number | null;
}

export interface RequestView {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** `null` as long as there was no answer. */
  readonly status: number | null;
  readonly who: string | null;
  readonly reason: string | null;
  /** Whether a fault struck it. */
  readonly struck: boolean;
}

export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly realm: string;
  readonly type: string;
  /** `null`: never. */
  readonly endsAt: number | null;
}

export interface TokenView {
  readonly who: string;
  readonly realm: string;
  /** When the access token ends; `null`: it has ended, or it is a service token, which never does. */
  readonly endsAt: number | null;
  /** Until when it can be refreshed; `null`: it can not. */
  readonly refreshEndsAt: number | null;
  /** Of an access token. */
  readonly number?: number;
  /** Of a service token. */
  readonly service?: { readonly account: string; readonly name: string };
}

export interface UserView {
  readonly username: string;
  readonly realm: string;
  readonly roles: readonly string[];
  readonly enabled: boolean;
}

const shownItems = 200;

/** Looks at an emulator. */
export function view({ security, faults, log }: PageParts): View {
  const { clock, settings, version } = security;
  const keys = [...security.apiKeys.all()].filter(security.apiKeys.isActive).reverse();
  return {
    version: version.number,
    license: settings.license,
    now: clock.now(),
    aheadMs: clock.now() - Date.now(),
    faults: [...faults.armed().map(viewFault), ...security.states.all().map(viewState)],
    requests: log.recent().map(viewRequest),
    keys: some(keys, ({ id, name, type, owner, expiration }) => ({
      id,
      name,
      type,
      owner: owner.user.username,
      realm: owner.realm.name,
      endsAt: expiration ?? null,
    })),
    tokens: some([...accessTokens(security), ...serviceTokens(security)], (token) => token),
    users: some(nativeFirst(security.users.all()), ({ user: { username, roles, enabled }, realm }) => ({
      username,
      realm: realm.name,
      roles,
      enabled,
    })),
  };
}

/** Those that somebody made are of more interest than those that are always there. */
function nativeFirst(accounts: readonly Account[]): Account[] {
  const isReserved = ({ realm }: Account): boolean => realm === reservedRealm;
  return [...accounts.filter((account) => !isReserved(account)), ...accounts.filter(isReserved)];
}

function some<Item, Shown>(items: readonly Item[], show: (item: Item) => Shown): Some<Shown> {
  return { total: items.length, items: items.slice(0, shownItems).map(show) };
}

function accessTokens({ tokens }: Security): TokenView[] {
  const newestFirst = tokens.live().reverse();
  return newestFirst.map(({ number, authentication, accessEndsAt, refreshEndsAt }) => ({
    number,
    who: describeCaller(authentication),
    realm: authentication.lookupRealm.name,
    endsAt: accessEndsAt ?? null,
    refreshEndsAt: refreshEndsAt ?? null,
  }));
}

function serviceTokens({ serviceAccounts }: Security): TokenView[] {
  return serviceAccounts.names().flatMap((account) =>
    serviceAccounts.tokenNames(account).map((name) => ({
      who: `${account}, service token ${name}`,
      realm: '_service_account',
      endsAt: null,
      refreshEndsAt: null,
      service: { account, name },
    })),
  );
}

function viewRequest({ record, at, who, reason, struck }: Exchange): RequestView {
  const { method, status } = record;
  const path = shownTarget(record.path);
  return {
    at,
    method,
    path,
    status: status ?? null,
    who: who ?? null,
    // Some reasons repeat the target.
    reason: reason?.replaceAll(record.path, () => path) ?? null,
    struck,
  };
}

function viewFault({ id, fault, left }: ArmedFault): FaultView {
  const { method, path = 'every path' } = fault;
  return {
    of: 'requests',
    id,
    what: describeFault(fault),
    where: method === undefined ? path : `${method.toUpperCase()} ${path}`,
    left: Number.isFinite(left) ? left : null,
  };
}

function viewState({ id, state }: EnteredState): FaultView {
  return { of: 'cluster', id, what: state, where: 'the cluster', left: null };
}

function describeFault({ delayMs, status, body, headers, reset, truncate }: Fault): string {
  if (delayMs === Number.POSITIVE_INFINITY) return 'no answer';
  const replaced = status !== undefined || body !== undefined || headers !== undefined;
  const parts = [
    ...(reset === true ? ['connection reset'] : replaced ? [`status ${status ?? 200}`] : []),
    ...(truncate === true ? ['half of the answer'] : []),
    ...(delayMs === undefined ? [] : [`${delayMs / 1000} s late`]),
  ];
  return parts.length === 0 ? 'nothing, only counted' : parts.join(', ');
}
