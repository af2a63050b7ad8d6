// What challenges say, as an application words it: it has to fit into a header line.

import type { Challenge } from '../values/denial.js';
import { ConfigurationError } from '../values/errors.js';
import { parseUrl, section } from './option-checks.js';

/** @throws {ConfigurationError} `invalid_option` */
export function readChallenge(given: unknown): Challenge {
  const { realm, resourceMetadata } = section('challenge', given);
  return {
    realm: readRealm(realm),
    ...(resourceMetadata !== undefined && { resourceMetadata: readMetadataUrl(resourceMetadata) }),
  };
}

function readRealm(given: unknown): string {
  if (given === undefined) return 'elasticsearch';
  // A quoted-string (RFC 9110 §5.6.4), kept to printable ASCII so that one header line can carry it.
  if (typeof given === 'string' && /^[\x20-\x7e]+$/.test(given)) return given;
  throw new ConfigurationError('challenge.realm', 'must be a string of printable ASCII characters');
}

function readMetadataUrl(given: unknown): string {
  const url = parseUrl(given);
  const plain = url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  // As it was given: a client compares it letter by letter (RFC 9728 §3.3).
  if (plain && typeof given === 'string' && /^[\x21-\x7e]+$/.test(given)) return given;
  throw new ConfigurationError('challenge.resourceMetadata', 'must be an absolute https: URL');
}
