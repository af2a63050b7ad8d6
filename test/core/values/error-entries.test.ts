// Every code has its entry in `docs/errors.md`, and every entry its code: cause, a wrong line, a right one.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorCodes, unavailableCodes, type WarningCode } from '../../../packages/core/src/values/codes.js';
import { errorsPage, unworded, worded } from '../../../packages/core/src/values/messages.js';

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

test('there is one entry for each code, and none for anything else', () => {
  expect([...entries.keys()].sort()).toEqual([...errorCodes].sort());
  // A code that stands there twice would have the other's address.
  expect(page.match(/^### /gm)).toHaveLength(errorCodes.length);
});

describe.each(errorCodes)('%s', (code) => {
  test('says why, which line leads to it and which one cures it', () => {
    const [why, wrong, right] =
      entries
        .get(code)
        ?.trim()
        .split(/^- (?:Wrong|Right): /m) ?? [];
    for (const part of [why, wrong, right]) expect(part?.trim().length).toBeGreaterThan(10);
    expect(wrong?.trim()).not.toBe(right?.trim());
  });

  test('is where messages with it lead to', () => {
    const anchor = `#${code.toLowerCase()}`;
    expect(worded(code, 'mend it')).toBe(`esauth: mend it. See ${errorsPage}${anchor}`);
  });
});

test.each(unavailableCodes.map((code) => [`ESAUTH_${code.toUpperCase()}` as WarningCode, code]))(
  'the warning %s leads to the entry of its code',
  (warning, code) => {
    expect(worded(warning, 'mend it')).toMatch(new RegExp(`#${code}$`));
  },
);

test('what was worded can be said with something else', () => {
  expect(unworded(worded('timeout', 'late. See above'))).toBe('late. See above');
  expect(unworded('somebody else’s words')).toBe('somebody else’s words');
});

test('the page lies in the repository that the packages name', () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  for (const name of ['core', 'express', 'koa', 'fastify']) {
    const { repository } = JSON.parse(read(`packages/${name}/package.json`));
    const [, address = errorsPage] = /^git\+(.*)\.git$/.exec(repository?.url) ?? [];
    expect(errorsPage.startsWith(address)).toBe(true);
  }
});
