/**
 * What is wrong with the cluster as a whole, by name. What that makes of requests is known to the folders above, and to
 * `cluster/ailments.ts` most of all.
 */

import type { Clock } from './clock.js';

/** The states that a running cluster can get into, in the order in which they are shown. */
export const clusterStates = [
  'security index closed',
  'security index lost',
  'security index read-blocked',
  'security index write-blocked',
  'tokens index lost',
  'crypto pool full',
  'just started',
  'licence expired',
] as const;

/** Something that is wrong with a cluster: requests are answered as such a one answers them. */
export type ClusterState = (typeof clusterStates)[number];

/** A state that the cluster is in. */
export interface EnteredState {
  /** No two of an emulator have the same. */
  readonly id: number;
  readonly state: ClusterState;
  /** When that began, in milliseconds since 1970 of the emulator's time. */
  readonly since: number;
}

/** The states of a cluster; several at once are possible. */
export interface ClusterStates {
  /**
   * @returns a function that mends it; calling it again does nothing
   * @throws RangeError naming all states if this is none
   */
  enter(state: ClusterState): () => void;
  has(state: ClusterState): boolean;
  /** The latest last. The same list as before if nothing has changed. */
  all(): readonly EnteredState[];
  /** Mends a state, however often it was entered. */
  leave(state: ClusterState): void;
  /** @returns whether there was such a one */
  remove(id: number): boolean;
}

/** Makes a cluster that is well. */
export function createClusterStates(clock: Pick<Clock, 'now'>): ClusterStates {
  let entered = 0;
  // Looked at with every request.
  let all: readonly EnteredState[] = [];
  let names: ReadonlySet<ClusterState> = new Set();

  function keep(kept: readonly EnteredState[]): void {
    all = kept;
    names = new Set(kept.map(({ state }) => state));
  }

  function remove(id: number): boolean {
    const kept = all.filter((other) => other.id !== id);
    const isThere = kept.length < all.length;
    if (isThere) keep(kept);
    return isThere;
  }

  return {
    has: (state) => names.has(state),
    all: () => all,
    leave: (state) => keep(all.filter((other) => other.state !== state)),
    remove,
    enter(state) {
      if (!clusterStates.includes(state)) {
        throw new RangeError(`cluster: the state must be one of "${clusterStates.join('", "')}"`);
      }
      const id = ++entered;
      keep([...all, { id, state, since: clock.now() }]);
      return () => void remove(id);
    },
  };
}
