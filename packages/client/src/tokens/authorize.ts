// Puts a token on requests to the nodes it is for, and on no other; a request that is refused because the token has
// expired is made once more with a new one, where its body can be sent again.

import { ConfigurationError } from '@esauth/core';
import type { Dispatcher } from 'undici';
import type { TokenSource } from './token-source.js';

/** Where the token may go. */
export interface AuthorizeOptions {
  /** Origins, such as `https://es.internal:9200`. Requests to others pass as they are. */
  readonly origins: readonly string[];
}

/**
 * An undici interceptor: `new Agent().compose(authorize(source, { origins }))`, for `fetch` and `undici.request` as their
 * `dispatcher`.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function authorize(
  source: Pick<TokenSource, 'authorization' | 'renew'>,
  { origins }: AuthorizeOptions,
): Dispatcher.DispatcherComposeInterceptor {
  const ours = readOrigins(origins);
  return (dispatch) => (options, handler) => {
    // Who brings a credential of his own, such as his caller's, keeps it.
    if (!ours.has(String(options.origin)) || hasAuthorization(options.headers))
      return dispatch(options, handler);

    const send = async (isFirst: boolean): Promise<void> => {
      const authorization = await source.authorization();
      const again = () => {
        source.renew(authorization);
        send(false).catch(fail);
      };
      const watching = isFirst && isReplayable(options.body) ? watch(handler, again) : handler;
      dispatch({ ...options, headers: withAuthorization(options.headers, authorization) }, watching);
    };
    const fail = (error: unknown) => {
      const known = error instanceof Error ? error : new Error(String(error));
      handler.onResponseError?.(unsent, known);
    };
    send(true).catch(fail);
    return true;
  };
}

/** Hands everything on but a 401 that says that the token has expired. */
function watch(handler: Dispatcher.DispatchHandler, again: () => void): Dispatcher.DispatchHandler {
  let isExpired = false;
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart(controller, status, headers, message) {
      isExpired = status === 401 && saysExpired(headers['www-authenticate']);
      if (!isExpired) handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData(controller, chunk) {
      if (!isExpired) handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd(controller, trailers) {
      if (isExpired) again();
      else handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}

/** What Elasticsearch sends with `token expired` (`recorded`, `token-expires`), also of tokens that were invalidated. */
function saysExpired(challenge: string | string[] | undefined): boolean {
  return [challenge].flat().some((each) => each?.includes('error="invalid_token"') === true);
}

/** What is read as it is sent is gone then. */
function isReplayable(body: unknown): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array;
}

type Headers = Dispatcher.DispatchOptions['headers'];

function pairsOf(headers: Headers): (readonly [string, string | string[] | undefined])[] {
  if (headers === undefined || headers === null) return [];
  // Names and values by turns, or pairs.
  if (Array.isArray(headers) && !headers.some(Array.isArray)) {
    return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]] as const] : []));
  }
  if (Symbol.iterator in headers) {
    return [...(headers as Iterable<readonly [string, string | string[] | undefined]>)];
  }
  return Object.entries(headers);
}

function hasAuthorization(headers: Headers): boolean {
  return pairsOf(headers).some(([name]) => name.toLowerCase() === 'authorization');
}

function withAuthorization(
  headers: Headers,
  authorization: string,
): Record<string, string | string[] | undefined> {
  return { ...Object.fromEntries(pairsOf(headers)), authorization };
}

function readOrigins(origins: unknown): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(origins) ? origins : [];
  const isOrigin = (text: unknown): text is string => {
    const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
    return (url?.protocol === 'https:' || url?.protocol === 'http:') && url.href === `${url.origin}/`;
  };
  const good = list.filter(isOrigin);
  if (good.length > 0 && good.length === list.length)
    return new Set(good.map((text) => new URL(text).origin));
  throw new ConfigurationError('origins', 'must be a list of origins, such as https://es.internal:9200');
}

/** Of a request that was never sent there is nothing to control, and no handler wants it then. */
const unsent = undefined as unknown as Dispatcher.DispatchController;
