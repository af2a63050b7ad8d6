/** The indices that belong to Elasticsearch and Kibana themselves: roles reach them only if they say so. */

import { contains, type Language } from '../names/languages.js';
import { namesMatching } from '../names/name-patterns.js';
import type { Version } from '../wire/version.js';

const older = namesMatching([
  '.security',
  '.security-6',
  '.security-7',
  '.security-tokens',
  '.security-tokens-7',
  '.async-search*',
]);

// Since 8.0 these are all system indices.
const newer = namesMatching([
  '/\\.security(-profile|-tokens)?(-[0-9]+.*)?/',
  '.async-search*',
  '.tasks*',
  '.synonyms*',
  '.kibana',
  '.kibana_*',
  '.reporting-*',
  '.apm-agent-configuration*',
  '.apm-custom-link*',
  '.enrich-*',
  '/\\.fleet-actions~(-results.*)/',
  '.fleet-actions-results*',
  '.fleet-agents*',
  '.fleet-artifacts*',
  '.fleet-enrollment-api-keys*',
  '.fleet-policies*',
  '.fleet-secrets*',
  '.fleet-servers*',
  '.geoip_databases*',
  '.logstash*',
  '.ml-meta*',
  '.ml-config*',
  '.ml-inference*',
  '.search-app-*',
  '.snapshot-blob-cache*',
  '.transform-internal-*',
  '.data-frame-internal-*',
  '.watches*',
  '.triggered_watches*',
]);

/** The names of all restricted indices of a release. */
export function restrictedIndices(version: Version): Language {
  return version.major === 7 ? older : newer;
}

/** Whether an index is restricted. */
export function isRestricted(index: string, version: Version): boolean {
  return contains(restrictedIndices(version), index);
}
