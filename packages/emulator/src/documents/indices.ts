/**
 * All indices by name. Those of Elasticsearch itself are not among them.
 */

import type { Clock } from '../controls/clock.js';
import type { Secrets } from '../identities/secrets.js';
import { Refusal } from '../wire/envelope.js';
import type { Version } from '../wire/version.js';
import { createIndex, type Index } from './documents.js';
import { type IndexDefinition, plainIndex } from './index-definition.js';
import { indexNameProblem, invalidIndexName } from './index-names.js';

/** The indices of a cluster. */
export interface Indices {
  find(name: string): Index | undefined;
  /** In the order of their names. */
  all(): readonly Index[];
  /** @throws Refusal if there is one of this name, or can be none */
  create(name: string, definition?: IndexDefinition): Index;
  remove(name: string): void;
}

/** Makes a cluster without any index. */
export function createIndices(clock: Clock, secrets: Secrets, version: Version): Indices {
  const byName = new Map<string, Index>();

  return {
    find: (name) => byName.get(name),
    all: () => [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    create(name, definition = plainIndex) {
      const problem = indexNameProblem(name);
      if (problem !== undefined) throw new Refusal(invalidIndexName(name, problem));
      const existing = byName.get(name);
      if (existing !== undefined) {
        throw new Refusal({
          status: 400,
          type: 'resource_already_exists_exception',
          reason: `index [${name}/${existing.uuid}] already exists`,
          metadata: { index_uuid: existing.uuid, index: name },
        });
      }
      const uuid = secrets.secret();
      const index = createIndex({ name, uuid, clock, definition, version });
      byName.set(name, index);
      return index;
    },
    remove(name) {
      byName.delete(name);
    },
  };
}
