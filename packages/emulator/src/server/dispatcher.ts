/**
 * From the head and body of a request to a reply: authentication, routing, the endpoint, and the form of
 * whatever it answers. Sockets are the server's business.
 */

import type { CredentialHeaders } from '../authentication/authentication.js';
import type { Answer, Call, Route } from '../cluster/endpoint.js';
import type { Security } from '../cluster/security.js';
import type { Authentication } from '../identities/identity.js';
import { type ApiError, errorBody, illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonValue, writeJson, writePrettyJson } from '../wire/json-value.js';
import { filterPath } from './filter-path.js';
import { createMediaTypes, type Negotiated } from './media-type.js';
import { createRouter, decodeComponent, type Match, parseQuery } from './router.js';

/** What is known of a request before its body. */
export interface Head extends CredentialHeaders {
  readonly method: string;
  /** The request target. */
  readonly uri: string;
  /** The name of a header that must not, but does, have two values. */
  readonly repeatedHeader: string | undefined;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly opaqueId: string | undefined;
  readonly hasBody: boolean;
}

/** A response, ready to be written. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Of a refusal in Elasticsearch's standard form: its reason. */
  readonly reason?: string;
}

/** A request that may go on. */
export interface Admitted {
  /** `undefined` for `OPTIONS`, which nobody has to authenticate for. */
  readonly authentication: Authentication | undefined;
  readonly negotiated: Negotiated;
  /** What the answer has to carry in `WWW-Authenticate`. */
  readonly negotiate?: string | undefined;
}

/** Answers requests. */
export interface Dispatcher {
  /** @returns the refusal, or what is needed to go on with the body; a promise only where a signature has to be verified */
  admit(head: Head): Admitted | Reply | Promise<Admitted | Reply>;
  reply(head: Head, admitted: Admitted, body: Buffer | undefined): Reply | Promise<Reply>;
}

const noQuery = new Map<string, string>();

/** @param routes all endpoints; those that the release does not have are left out */
export function createDispatcher(security: Security, routes: readonly Route[]): Dispatcher {
  const { version, authenticator, jwtRealms } = security;
  const router = createRouter(routes.filter((route) => route.exists(version)));
  const mediaTypes = createMediaTypes(version);
  const plainType = mediaTypes.plain;

  function admit(head: Head): Admitted | Reply {
    if (head.repeatedHeader !== undefined) {
      return flat(head, plainType, 400, `multiple values for single-valued header [${head.repeatedHeader}].`);
    }
    const negotiated = mediaTypes.negotiate(head.accept, head.contentType, head.hasBody);
    if ('status' in negotiated && !version.authenticatesFirst) return failure(head, plainType, negotiated);
    const answerType = 'status' in negotiated ? plainType : negotiated.answerType;
    if (head.method === 'OPTIONS') {
      return 'status' in negotiated
        ? failure(head, plainType, negotiated)
        : { authentication: undefined, negotiated };
    }
    const result = authenticator.authenticate(head, head.uri);
    if (result.kind === 'refused') {
      const { error } = result;
      return failure(head, answerType, error, version.hidesProductByStatus && isNamedIn(error.status));
    }
    if ('status' in negotiated) return failure(head, plainType, negotiated);
    return { authentication: result.authentication, negotiated, negotiate: result.negotiate };
  }

  function reply(head: Head, admitted: Admitted, body: Buffer | undefined): Reply | Promise<Reply> {
    const { authentication, negotiated } = admitted;
    const { answerType } = negotiated;
    const mark = head.uri.indexOf('?');
    const rawPath = mark < 0 ? head.uri : head.uri.slice(0, mark);
    const query = mark < 0 ? noQuery : parseQuery(head.uri.slice(mark + 1));
    if (!(query instanceof Map)) return failure(head, answerType, badParameter(query));

    const match: Match = router.match(head.method, rawPath);
    if (head.method === 'OPTIONS' || authentication === undefined) {
      const allowed = match.kind === 'wrong method' ? ['Allow', match.allowed.join(',')] : [];
      return {
        status: 200,
        headers: [...common(head), ...allowed, 'content-type', textType, 'content-length', '0'],
        body: '',
      };
    }
    if (match.kind !== 'found') return unrouted(head, answerType, match);
    const isReadable =
      negotiated.bodyType === 'json' || (negotiated.bodyType === 'ndjson' && match.route.takesLines);
    if (body !== undefined && !isReadable) {
      return flat(head, answerType, 406, unsupportedType(head.contentType));
    }
    const path = decodeComponent(rawPath, false);
    const call: Call = {
      method: head.method,
      path: typeof path === 'string' ? path : rawPath,
      segments: match.segments,
      query,
      body,
      authentication,
      version,
    };
    return act(head, admitted, match.route, call);
  }

  function act(
    head: Head,
    { negotiated, negotiate }: Admitted,
    route: Route,
    call: Call,
  ): Reply | Promise<Reply> {
    const { answerType } = negotiated;
    const answered = ({ status, body, text }: Answer): Reply => {
      const handshake = negotiate === undefined ? [] : ['WWW-Authenticate', negotiate];
      const more = [...handshake, ...deprecation(head.method, route)];
      return json(head, answerType, status, body, more, call.query.size === 0 ? text : undefined);
    };
    const refused = (refusal: unknown): Reply => {
      if (!(refusal instanceof Refusal)) throw refusal;
      const { error } = refusal;
      return failure(head, answerType, error, !version.hidesProductByStatus || isNamedIn(error.status));
    };
    try {
      const answer = route.handle(security, call);
      return answer instanceof Promise ? answer.then(answered).catch(refused) : answered(answer);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  /** Whatever work gives, at once or later; if it fails by a mistake, the answer that says so. */
  function guarded<T>(head: Head, work: () => T | Promise<T>): T | Reply | Promise<T | Reply> {
    const failed = (error: unknown): Reply => broken(head, error);
    try {
      const result = work();
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  }

  /** A mistake of the emulator's own. It must not take the process of somebody's tests with it. */
  function broken(head: Head, error: unknown): Reply {
    const warning = error instanceof Error ? error : new Error(String(error));
    process.emitWarning(warning);
    const reason = `the emulator failed: ${warning.message}`;
    return failure(head, plainType, { status: 500, type: 'exception', reason });
  }

  function deprecation(method: string, { paths: [path], replacement }: Route): string[] {
    if (replacement === undefined) return [];
    const text = `[${method} ${path}] is deprecated! Use [${method} ${replacement}] instead.`;
    return ['Warning', `299 Elasticsearch-${version.number}-${buildHash} "${text}"`];
  }

  function unsupportedType(contentType: string | undefined): string {
    if (contentType !== undefined) return `Content-Type header [${contentType}] is not supported`;
    return version.major === 7 ? 'Content-Type header [] is not supported' : 'Content-Type header is missing';
  }

  return {
    admit: (head) =>
      guarded(head, () => {
        const verified = jwtRealms.isConfigured ? jwtRealms.verify(bearersOf(head)) : undefined;
        return verified === undefined
          ? admit(head)
          : verified.then((signatures) => admit({ ...head, signatures }));
      }),
    reply: (head, admitted, body) => guarded(head, () => reply(head, admitted, body)),
  };
}

function bearersOf({ authorization, secondary }: Head): string[] {
  return [authorization, secondary].flatMap((header) =>
    header?.slice(0, 7).toLowerCase() === 'bearer ' ? [header.slice(7)] : [],
  );
}

const buildHash = '0000000000000000000000000000000000000000';
const textType = 'text/plain; charset=UTF-8';

/** Whether an answer says that it is Elasticsearch's, where its status decides (`RestResponse.filterHeaders`). */
function isNamedIn(status: number): boolean {
  return status !== 401 && status !== 403;
}

function common(head: Head, isNamed = true): string[] {
  const headers = isNamed ? ['X-elastic-product', 'Elasticsearch'] : [];
  if (head.opaqueId !== undefined) headers.push('X-Opaque-Id', head.opaqueId);
  return headers;
}

function json(
  head: Head,
  type: string,
  status: number,
  body: JsonValue,
  more: readonly string[] = [],
  text: string = written(head.uri, body),
  isNamed?: boolean,
): Reply {
  const length = String(Buffer.byteLength(text));
  return {
    status,
    headers: [...common(head, isNamed), ...more, 'content-type', type, 'content-length', length],
    body: text,
  };
}

/** The body in the form that was asked for. Most requests are done after one look for a question mark. */
function written(uri: string, body: JsonValue): string {
  const mark = uri.indexOf('?');
  const query = mark < 0 ? noQuery : parseQuery(uri.slice(mark + 1));
  if (!(query instanceof Map)) return writeJson(body);
  const paths = query.get('filter_path');
  const filtered = paths === undefined ? body : filterPath(body, paths);
  const pretty = query.get('pretty');
  return pretty === '' || pretty === 'true' ? writePrettyJson(filtered) : writeJson(filtered);
}

function flat(head: Head, type: string, status: number, error: string, more?: readonly string[]): Reply {
  return json(head, type, status, { error, status }, more);
}

function failure(head: Head, type: string, error: ApiError, isNamed = true): Reply {
  const challenges = (error.challenges ?? []).flatMap((challenge) => ['WWW-Authenticate', challenge]);
  const reply = json(head, type, error.status, errorBody(error), challenges, undefined, isNamed);
  return { ...reply, reason: error.reason };
}

/** The answers of the routing layer, which has its own form of errors. */
function unrouted(head: Head, type: string, match: Exclude<Match, { kind: 'found' }>): Reply {
  const { method, uri } = head;
  if (match.kind === 'unknown') {
    return json(head, type, 400, { error: `no handler found for uri [${uri}] and method [${method}]` });
  }
  // Elasticsearch takes any complaint about the path for one about the method.
  const problem =
    match.kind === 'undecodable'
      ? match.problem
      : `Incorrect HTTP method for uri [${uri}] and method [${method}]`;
  const allowed = match.allowed.join(',');
  return flat(head, type, 405, `${problem}, allowed: [${match.allowed.join(', ')}]`, ['Allow', allowed]);
}

function badParameter({ problem }: { readonly problem: string }): ApiError {
  const reason = `java.lang.IllegalArgumentException: ${problem}`;
  return { status: 400, type: 'bad_parameter_exception', reason, cause: illegalArgument(problem) };
}
