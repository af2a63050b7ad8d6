// Questions about privileges, put to the verifier of the scene, and what a verdict on them comes to.

import type { PrivilegesQuestion, PrivilegesVerdict, VerifyOptions } from '@esauth/core';
import { jane } from './callers.js';
import { verifier } from './scene.js';

export function on(names: string, ...privileges: string[]): PrivilegesQuestion {
  return { index: [{ names, privileges }] };
}

export const read = on('docs', 'read');

export async function has(question: PrivilegesQuestion, options: VerifyOptions = {}, who = jane) {
  return said(await verifier.hasPrivileges(who, question, options));
}

/** Whether he may, or why that is not said. */
export function said(verdict: PrivilegesVerdict | undefined): string | boolean | undefined {
  return verdict?.kind === 'answered' ? verdict.privileges.has_all_requested : verdict?.code;
}

/** As it is sent: names in lists. */
export function listed({ index = [] }: PrivilegesQuestion): PrivilegesQuestion {
  return { index: index.map((entry) => ({ ...entry, names: [entry.names].flat() })) };
}
