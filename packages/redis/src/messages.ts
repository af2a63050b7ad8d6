// A message of the log as text: what was revoked, and who says so. It is sealed, so that only somebody who has the
// secrets can have written it, perhaps with another version of this package.

import { isRecord, type Message, parseJson, type SharedSubject } from '@esauth/core';

/** Changes whenever others would misread it; what they cannot read is a revocation of everything. */
const format = 1;
const maxSubjects = 100;

export function writeMessage({ from, serial, subjects }: Message): string {
  return JSON.stringify({ format, from, serial, subjects });
}

/** @returns `undefined` for what is none. */
export function readMessage(text: string): Message | undefined {
  const read = parseJson(text);
  if (!isRecord(read) || read.format !== format) return undefined;
  const { from, serial, subjects } = read;
  if (typeof from !== 'string' || typeof serial !== 'number') return undefined;
  if (!Array.isArray(subjects) || subjects.length > maxSubjects || !subjects.every(isSubject))
    return undefined;
  return { from, serial, subjects };
}

function isSubject(value: unknown): value is SharedSubject {
  if (value === 'all') return true;
  if (!isRecord(value)) return false;
  const { credential, apiKeyIds, username, realm } = value;
  const isText = (text: unknown) => typeof text === 'string';
  switch (Object.keys(value).sort().join()) {
    case 'credential':
      return Array.isArray(credential) && credential.every(isText);
    case 'apiKeyIds':
      return Array.isArray(apiKeyIds) && apiKeyIds.every(isText);
    case 'realm':
      return isText(realm);
    case 'username':
      return isText(username);
    case 'realm,username':
      return isText(username) && isText(realm);
    default:
      return false;
  }
}
