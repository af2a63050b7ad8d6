// Puts a token on requests to the nodes it is for, and on no other; a request that is refused because the token has
// expired is made once more with a new one, where its body can be sent again. Otherwise the next one gets a new one.

import { ConfigurationError } from '@esauth/core';
import type { Dispatcher } from 'undici';
import { checkOptions } from '../calls/option-section.js';
import type { TokenSource } from './token-source.js';

/** Where the token may go. */
export interface AuthorizeOptions {
  /** Origins, such as `https://es.internal:9200`. Requests to others pass as they are. */
  readonly origins: readonly string[];
}

/**
 * An undici interceptor: `new Agent().compose(authorize(source, { origins }))`, for `fetch` and `undici.request` as
 * their `dispatcher`. A request without an origin of its own, as a `Pool` or `Client` takes it, passes as it is:
 * compose an `Agent`.
 *
 * @throws {ConfigurationError} `invalid_option`
 */
export function authorize(
  source: Pick<TokenSource, 'authorization' | 'renew'>,
  options: AuthorizeOptions,
): Dispatcher.DispatcherComposeInterceptor {
  if (typeof source?.authorization !== 'function' || typeof source.renew !== 'function') {
    throw new ConfigurationError('source', 'must be a source of createTokenSource');
  }
  checkOptions(options, ['origins']);
  const ours = readOrigins(options.origins);
  return (dispatch) => (request, handler) => {
    if (!ours.has(originOf(request.origin))) return dispatch(request, handler);
    const headers = readHeaders(request.headers);
    // Who brings a credential of his own, such as his caller's, keeps it.
    if (Object.hasOwn(headers, 'authorization')) return dispatch({ ...request, headers }, handler);
    const exchange = createExchange(handler);
    const isReplayable = canBeSentAgain(request.body);

    const send = async (isFirst: boolean): Promise<void> => {
      const authorization = await source.authorization();
      if (exchange.isOver()) return;
      const expired = () => {
        source.renew(authorization);
        if (!isFirst || !isReplayable) return false;
        send(false).catch(exchange.fail);
        return true;
      };
      dispatch({ ...request, headers: { ...headers, authorization } }, exchange.watch(expired));
    };
    exchange.start();
    send(true).catch(exchange.fail);
    return true;
  };
}

/** What the handler of one request sees: one exchange, however many there are. */
interface Exchange {
  start(): void;
  /** Whether it was given up, or has failed, while nothing was under way. */
  isOver(): boolean;
  fail(error: unknown): void;
  /** @param expired hears of a refused token. @returns whether the request is made again, and its answer is nobody's */
  watch(expired: () => boolean): Dispatcher.DispatchHandler;
}

function createExchange(handler: Dispatcher.DispatchHandler): Exchange {
  let current: Dispatcher.DispatchController | undefined;
  let reason: Error | null = null;
  let isOver = false;
  const fail = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    handler.onResponseError?.(controller, error instanceof Error ? error : new Error(String(error)));
  };
  // Also while a token is waited for the request can be given up.
  const controller: Dispatcher.DispatchController = {
    get aborted() {
      return reason !== null;
    },
    get paused() {
      return current?.paused ?? false;
    },
    get reason() {
      return reason;
    },
    abort(why) {
      if (reason !== null) return;
      reason = why;
      if (current === undefined) fail(why);
      else current.abort(why);
    },
    pause: () => current?.pause(),
    resume: () => current?.resume(),
  };

  return {
    start: () => handler.onRequestStart?.(controller, {}),
    isOver: () => isOver,
    fail,
    watch(expired) {
      let isRepeated = false;
      const isUnheard = () => isRepeated || isOver;
      return {
        onRequestStart(started) {
          current = started;
          if (reason !== null) started.abort(reason);
        },
        onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
        onResponseStart(each, status, headers, message) {
          const isExpired = status === 401 && saysExpired(headers['www-authenticate']);
          if (isExpired) isRepeated = expired();
          if (isRepeated) current = undefined;
          if (!isUnheard()) handler.onResponseStart?.(each, status, headers, message);
        },
        onResponseData(each, chunk) {
          if (!isUnheard()) handler.onResponseData?.(each, chunk);
        },
        onResponseEnd(each, trailers) {
          if (!isUnheard()) handler.onResponseEnd?.(each, trailers);
        },
        onResponseError(each, error) {
          if (!isUnheard()) handler.onResponseError?.(each, error);
        },
      };
    },
  };
}

/** What Elasticsearch sends with `token expired` (`recorded`, `token-expires`), of invalidated tokens too. */
function saysExpired(challenge: string | string[] | undefined): boolean {
  return [challenge].flat().some((each) => each?.includes('error="invalid_token"') === true);
}

/** What is read as it is sent is gone then. */
function canBeSentAgain(body: unknown): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array;
}

type Headers = Dispatcher.DispatchOptions['headers'];
type Pair = readonly [name: string, value: string | string[] | undefined];

function pairsOf(headers: Headers): readonly Pair[] {
  if (headers === undefined || headers === null) return [];
  // Names and values by turns.
  if (Array.isArray(headers)) {
    return headers.flatMap((name, at): Pair[] => (at % 2 === 0 ? [[name, headers[at + 1]]] : []));
  }
  return Symbol.iterator in headers ? [...(headers as Iterable<Pair>)] : Object.entries(headers);
}

/** Read once: they may be an iterator. Names in lower case; one that is there twice keeps both its values. */
function readHeaders(headers: Headers): Readonly<Record<string, string | string[]>> {
  const read = new Map<string, string | string[]>();
  for (const [name, value] of pairsOf(headers)) {
    if (value === undefined) continue;
    const before = read.get(name.toLowerCase());
    read.set(name.toLowerCase(), before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(read);
}

/** `@elastic/transport` gives the whole URL of a node. */
function originOf(origin: string | URL | undefined): string {
  const text = String(origin);
  return URL.canParse(text) ? new URL(text).origin : '';
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
