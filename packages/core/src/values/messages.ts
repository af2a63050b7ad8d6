// How everything is worded that is said to whoever writes or runs the application: errors, warnings and the cause of a
// verdict begin with the library's name and end with the address of their entry on the site's page of errors. What clients are
// told is not: that is the closed list in `denial.ts`.

import { type ErrorCode, errorCodes, type WarningCode } from './codes.js';

/** `docs/errors.md` on the site, whose address is that of `docs/.vitepress/address.ts`. */
export const errorsPage = 'https://esauth.github.io/esauth/errors';

const opening = 'esauth: ';
const closing = ` See ${errorsPage}#`;

/** @param text cause and cure, without a full stop, or as a question; never a credential. */
export function worded(code: ErrorCode | WarningCode, text: string): string {
  return wordedAt(anchorOf(code), text);
}

/** For packages of ours that have codes of their own. @param entry the heading of its entry */
export function wordedAt(entry: string, text: string): string {
  return `${opening}${text}${text.endsWith('?') ? '' : '.'}${closing}${entry.toLowerCase().replaceAll(' ', '-')}`;
}

/** @returns the text of something worded, to be said with something else, or under another code. */
export function unworded(message: string): string {
  const end = message.lastIndexOf(closing);
  if (!message.startsWith(opening) || end < 0) return message;
  return message.slice(opening.length, end).replace(/\.$/, '');
}

/** As the site and GitHub make it from a heading that is the code. That there is no verdict is explained under its own code. */
function anchorOf(code: ErrorCode | WarningCode): string {
  const hasEntry = errorCodes.some((known) => known === code);
  return (hasEntry ? code : code.slice('ESAUTH_'.length)).toLowerCase();
}
