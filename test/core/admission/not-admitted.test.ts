// Where no middleware of ours ran: the program's mistake, told to its operator with the route.

import { callerHeaders, createGuard, DenialError, identityOf, type RequestLike, roles } from '@esauth/core';
import { expect, test } from 'vitest';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

const complaint =
  'a guard, identityOf or callerHeaders was reached, but the esauth middleware did not run before';

async function warnedOf(action: () => unknown): Promise<readonly string[]> {
  const warnings = await warningsDuring(action);
  expect(warnings.every(({ code }) => code === 'ESAUTH_NO_MIDDLEWARE')).toBe(true);
  return warnings.map(({ message }) => textOf(message).split(`: ${complaint}`)[0] ?? '');
}

function refused(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test('identityOf, callerHeaders and guards say the same, once for each method and route', async () => {
  const get: RequestLike = { headers: {}, method: 'GET', url: '/books/7?access_token=secret' };
  const post = { ...get, method: 'POST' };
  const warned = await warnedOf(() => {
    for (const request of [get, post, get]) {
      const route = () => '/books/:id';
      for (const thrown of [
        refused(() => identityOf(request, route)),
        refused(() => callerHeaders(request, route)),
      ]) {
        expect(thrown).toBeInstanceOf(DenialError);
        expect(thrown).toMatchObject({ code: 'not_admitted', status: 500, statusCode: 500 });
      }
      expect(createGuard(roles('a'), route)(request, request)).toMatchObject({
        status: 500,
        headers: { 'cache-control': 'no-store' },
        body: { code: 'not_admitted', title: 'Internal Server Error' },
      });
    }
  });
  expect(warned).toEqual(['GET /books/:id', 'POST /books/:id']);
});

test('a path is named without its query, clipped, and in one line', async () => {
  const paths = ['/a?access_token=secret', '/b\r\nforged', `/${'c'.repeat(1_000)}`];
  const warned = await warnedOf(() => {
    for (const url of paths) refused(() => identityOf({ headers: {}, url }));
  });
  expect(warned).toEqual(['GET /a', 'GET /b??forged', `GET /${'c'.repeat(195)}`]);
});

test('callers who choose the path do not choose how many warnings there are', async () => {
  const warned = await warnedOf(() => {
    for (let at = 0; at < 1_000; at += 1) refused(() => identityOf({ headers: {}, url: `/flood/${at}` }));
  });
  expect(warned.length).toBeLessThan(100);
  expect(warned.length).toBeGreaterThan(50);
});
