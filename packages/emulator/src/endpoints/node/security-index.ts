/**
 * The index of security as an index among others, for whoever may touch it: it can be closed and opened again, reading
 * it can be blocked, and it can be blocked as a full disk does.
 */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import type { ClusterState } from '../../controls/cluster-states.js';
import { noSuchIndex } from '../../documents/index-names.js';
import { illegalArgument } from '../../wire/envelope.js';
import { jsonValueOf } from '../../wire/json-parser.js';
import { isMap, type JsonValue } from '../../wire/json-value.js';
import { refuseBroken } from '../../wire/object-parser.js';

const name = '.security-7';

const blocks: ReadonlyMap<string, ClusterState> = new Map([
  ['blocks.read', 'security index read-blocked'],
  ['blocks.read_only_allow_delete', 'security index write-blocked'],
]);

type Change = readonly [state: ClusterState, isOn: boolean];

/** What is to be changed; `null` is what was before anything was. */
function readSettings(call: Call): Change[] {
  const document = documentOf(call);
  const body = jsonValueOf(document.root, () => refuseBroken(document));
  if (!isMap(body)) return refuse(illegalArgument('the settings have to be an object'));
  return [...body].map(([setting, value]): Change => {
    const state = blocks.get(setting.replace(/^index\./, ''));
    if (state === undefined)
      return refuse(illegalArgument(`setting [${setting}] is not known to the emulator`));
    return [state, isOn(value)];
  });
}

function isOn(value: JsonValue | undefined): boolean {
  return value === true || value === 'true';
}

function change({ states }: Security, changes: readonly Change[]): void {
  for (const [state, isOn] of changes) {
    states.leave(state);
    if (isOn) states.enter(state);
  }
}

function changing(
  method: string,
  path: string,
  action: string,
  read: (call: Call) => readonly Change[],
  body: JsonValue,
): Route {
  return route<readonly Change[]>({
    methods: [method],
    paths: [`/${name}/${path}`],
    ...(path === '_settings' && { body: 'required' as const }),
    read,
    action: () => action,
    // Privileges on indices are looked at together with the index.
    free: () => true,
    run(security, changes, { authentication }): Answer {
      const { authorization, index } = security;
      if (authorization.grantOn(authentication, action, name) === undefined) {
        refuse(authorization.indexDenial(authentication, action, [name]));
      }
      if (!index.exists()) refuse(noSuchIndex(name));
      change(security, changes);
      return answer(body);
    },
  });
}

const done = { acknowledged: true };
const shardsToo = { ...done, shards_acknowledged: true };
const closed: ClusterState = 'security index closed';

/** The routes of this chapter. */
export const securityIndexRoutes: readonly Route[] = [
  changing('POST', '_close', 'indices:admin/close', () => [[closed, true]], {
    ...shardsToo,
    indices: { [name]: { closed: true } },
  }),
  changing('POST', '_open', 'indices:admin/open', () => [[closed, false]], shardsToo),
  changing('PUT', '_settings', 'indices:admin/settings/update', readSettings, done),
];
