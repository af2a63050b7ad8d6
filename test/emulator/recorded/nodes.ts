/**
 * How `startEmulator` is asked for the nodes that were recorded, and what it can not be asked for yet.
 */

import type { ClusterState, EmulatorOptions } from '@esauth/emulator';
import type { Scenario } from '../../support/recordings.js';
import { jwtRealms } from './keys.js';

/** What a scenario is played on. */
export interface Stage {
  /** Undefined: nothing is near enough, and the scenario is not played. */
  readonly options: EmulatorOptions | undefined;
  /** What the node had that the emulator has not, and can not be asked for. */
  readonly lacks: readonly string[];
}

interface Node {
  readonly options?: EmulatorOptions;
  readonly lacks?: string;
}

/** What every one of them has in its files. */
const files: NonNullable<EmulatorOptions['files']> = {
  users: {
    recorder: { password: 'recorder-password', roles: ['_recorder'] },
    filip: { password: 'filip-password', roles: ['file_reader'] },
  },
  roles: {
    _recorder: {
      cluster: ['all'],
      indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
      applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
      run_as: ['*'],
    },
    file_reader: { cluster: ['monitor'] },
  },
};

/** By the name in the recordings. Without options there is nothing that comes near. */
const nodes: Readonly<Record<string, Node>> = {
  default: { options: {} },
  'short tokens': { options: { tokenTimeoutMs: 1000 } },
  basic: { options: { license: 'basic' } },
  bare: { options: { tokenService: false, apiKeys: false, runAs: false } },
  anonymous: { options: { anonymousRoles: ['monitoring_user', 'guest'] } },
  'anonymous 401': {
    options: {
      anonymousRoles: ['guest'],
      anonymousUsername: 'visitor',
      anonymousAuthzException: false,
    },
  },
  jwt: { options: { jwtRealms } },
  https: {
    options: {
      tls: true,
      files: { ...files, serviceTokens: { 'elastic/fleet-server/file1': 'filesecretfilesecret01' } },
    },
  },
  off: { options: { security: false } },
  busy: { options: { cryptoPool: { threads: 1, queue: 1, hashMs: 300 } } },
};

/** Where a scenario of a release is played. */
export function stageOf({ node }: Scenario, version: string): Stage {
  const { options, lacks } = nodes[node] ?? { lacks: 'a node that the player does not know' };
  return {
    options: options && { version, seed: 'recorded', files, ...options },
    lacks: lacks === undefined ? [] : [lacks],
  };
}

const hooks: ReadonlyMap<string, ClusterState> = new Map([['lose .security-7', 'security index lost']]);

/** What was done to a node, as a fault of the emulator's; `undefined`: there is none like it. */
export function stateOf(hook: string): ClusterState | undefined {
  return hooks.get(hook);
}
