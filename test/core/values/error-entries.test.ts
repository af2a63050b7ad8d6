// Every code has its entry in `docs/errors.md`, and every entry its code: cause, a wrong line, a right one.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { site } from '../../../docs/.vitepress/address.js';
import { slugify } from '../../../docs/.vitepress/slug.js';
import {
  clientWarningCodes,
  ReauthenticationRequired,
  SecurityApiError,
  securityApiErrorCodes,
  warn,
} from '../../../packages/client/src/calls/errors.js';
import { errorCodes, unavailableCodes, type WarningCode } from '../../../packages/core/src/values/codes.js';
import { errorsPage, unworded, worded, wordedAt } from '../../../packages/core/src/values/messages.js';
import { warningsDuring } from '../../support/warnings.js';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const entries = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((entry) => [
      entry.slice(0, entry.indexOf('\n')),
      entry.slice(entry.indexOf('\n')).split(/^## /m)[0],
    ]),
);

/** Some codes of a client's calls are also core's, about other things. */
const clientEntries = [
  ...securityApiErrorCodes.map((code) => `SecurityApiError ${code}`),
  'reauthentication_required',
  'unreadable_tokens',
  ...clientWarningCodes,
];
const all = [...errorCodes, ...clientEntries];

test('there is one entry for each code, and none for anything else', () => {
  expect([...entries.keys()].sort()).toEqual([...all].sort());
  // A code that stands there twice would have the other's address.
  expect(page.match(/^### /gm)).toHaveLength(all.length);
});

describe.each(all)('%s', (code) => {
  test('says why, which line leads to it and which one cures it', () => {
    const [why, wrong, right] =
      entries
        .get(code)
        ?.trim()
        .split(/^- (?:Wrong|Right): /m) ?? [];
    for (const part of [why, wrong, right]) expect(part?.trim().length).toBeGreaterThan(10);
    expect(wrong?.trim()).not.toBe(right?.trim());
  });
});

describe.each(errorCodes)('%s', (code) => {
  test('is where messages with it lead to', () => {
    const anchor = `#${code.toLowerCase()}`;
    expect(worded(code, 'mend it')).toBe(`esauth: mend it. See ${errorsPage}${anchor}`);
  });
});

test.each([
  ['is this so', 'esauth: is this so.'],
  ['is this so?', 'esauth: is this so?'],
  ['and so on ...', 'esauth: and so on ....'],
])('%j has one end, and is found again', (text, sentence) => {
  const message = worded('bad_response', text);
  expect(message).toBe(`${sentence} See ${errorsPage}#bad_response`);
  expect(unworded(message)).toBe(text);
});

test.each(unavailableCodes.map((code) => [`ESAUTH_${code.toUpperCase()}` as WarningCode, code]))(
  'the warning %s leads to the entry of its code',
  (warning, code) => {
    expect(worded(warning, 'mend it')).toMatch(new RegExp(`#${code}$`));
  },
);

describe('what @esauth/client says leads to its entry', () => {
  test.each(securityApiErrorCodes)('%s', (code) => {
    const { message } = new SecurityApiError(code, 'getToken: somebody’s words.');
    expect(message).toBe(`esauth: getToken: somebody’s words. See ${errorsPage}#securityapierror-${code}`);
  });

  test('reauthentication_required', () => {
    const { message, code } = new ReauthenticationRequired('expired');
    expect(message).toMatch(/^esauth: .*\(expired\)\. See /);
    expect(message.endsWith(`${errorsPage}#${code}`)).toBe(true);
  });

  test.each(clientWarningCodes)('%s', async (code) => {
    const reason = new SecurityApiError('forbidden', 'getToken: no');
    const told = await warningsDuring(async () => warn(code, 'left', reason));
    expect(told).toMatchObject([{ code, message: wordedAt(code, 'left: getToken: no') }]);
  });
});

test('what was worded can be said with something else', () => {
  expect(unworded(worded('timeout', 'late. See above'))).toBe('late. See above');
  expect(unworded('somebody else’s words')).toBe('somebody else’s words');
});

test('the page is the one of the site, with an anchor there for each entry', () => {
  expect(errorsPage).toBe(`${site}errors`);
  const anchors = [...entries.keys()].map(slugify);
  for (const code of errorCodes) expect(anchors).toContain(worded(code, 'mend it').split('#')[1]);
  for (const entry of clientEntries) expect(anchors).toContain(wordedAt(entry, 'mend it').split('#')[1]);
});
