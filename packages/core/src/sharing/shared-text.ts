// An identity as text, for others to read, who have the same secrets but may have another version of this package.

import type { Identity } from '../values/identity.js';
import { deepFreeze, isRecord, parseJson } from '../values/json.js';

/** Changes whenever others would misread it. */
const format = 1;

export function writeIdentity(identity: Identity): string {
  return JSON.stringify({ format, identity });
}

/** @returns `undefined` for another format. */
export function readIdentity(text: string): Identity | undefined {
  const read = parseJson(text);
  if (!isRecord(read) || read.format !== format || !isIdentity(read.identity)) return undefined;
  return deepFreeze(read.identity);
}

/** What decides who it is and what revokes it. No more than a check: whoever has the secrets has written it. */
function isIdentity(value: unknown): value is Identity {
  if (!isRecord(value)) return false;
  const { username, subject, authenticationType, roles, metadata, realm, lookupRealm, apiKey } = value;
  return (
    [username, subject, authenticationType].every((text) => typeof text === 'string') &&
    Array.isArray(roles) &&
    isRecord(metadata) &&
    [realm, lookupRealm].every(isRealm) &&
    (apiKey === undefined || (isRecord(apiKey) && typeof apiKey.id === 'string'))
  );
}

function isRealm(value: unknown): boolean {
  return isRecord(value) && typeof value.name === 'string' && typeof value.type === 'string';
}
