// How a refusal is written with Koa, and what keeps it an answer although somebody's function goes on after it.

import type { ServerResponse } from 'node:http';
import { Stream } from 'node:stream';
import type { Refusal } from '@esauth/core';

const problem = 'application/problem+json; charset=utf-8';

/** What is set of a context. */
export interface Answerable {
  status: number;
  body: unknown;
  set(name: string, value: string | string[]): void;
}

// Koa sets nothing any more if somebody else, such as a timeout middleware, has answered while we waited.
export function answer(ctx: Answerable, { status, headers, body }: Refusal): void {
  ctx.status = status;
  for (const [name, value] of Object.entries(headers)) {
    ctx.set(name, typeof value === 'string' ? value : [...value]);
  }
  ctx.set('content-type', problem);
  ctx.body = JSON.stringify(body);
}

/** At once, where nobody comes after who would. */
export function send({ res }: { readonly res: ServerResponse }, { status, headers, body }: Refusal): void {
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.setHeader('content-type', problem);
  res.statusCode = status;
  res.end(JSON.stringify(body));
}

/**
 * Koa's `respond` sends what a context holds when all middleware is through, and code after an `await` of ours may
 * write there unaware that nobody was let in. From now on a body or a status is not taken from whoever has not looked
 * at those of the refusal. Middleware that changes answers (compresses, prints, shows a page for a status) looks
 * first, and an error is another answer: both are free to write. A stream that is not taken is ended, as Koa does it
 * with those that it was given: whoever is refused must not leave a file open.
 *
 * @param response the context's.
 */
export function seal(response: object): void {
  const written = ['body', 'status'] as const;
  const open = () => {
    for (const name of written) Reflect.deleteProperty(response, name);
  };
  for (const name of written) {
    Object.defineProperty(response, name, {
      configurable: true,
      get() {
        open();
        return Reflect.get(response, name);
      },
      set(value: unknown) {
        if (name === 'status' && Number(value) >= 400) {
          open();
          Reflect.set(response, name, value);
        } else if (value instanceof Stream && 'destroy' in value && typeof value.destroy === 'function') {
          value.destroy();
        }
      },
    });
  }
}
