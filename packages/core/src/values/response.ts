// A denial for hosts that answer with the Fetch API's `Response`.

import type { Denial, DenialError } from './denial.js';

/**
 * A denial, or a `DenialError` that was caught, as a `Response` of the Fetch API: status, headers with one challenge
 * after the other, and the problem document.
 *
 * @example
 * const presented = authorizationOf(request);
 * const verdict = await verifier.verify(presented);
 * if (verdict.kind !== 'authenticated') return responseOf(verifier.denial(verdict, presented));
 */
export function responseOf({
  status,
  headers,
  body,
}: Pick<Denial | DenialError, 'status' | 'headers' | 'body'>): Response {
  const lines = new Headers({ 'content-type': 'application/problem+json; charset=utf-8' });
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) lines.append(name, value);
  }
  return new Response(JSON.stringify(body), { status, statusText: body.title, headers: lines });
}
