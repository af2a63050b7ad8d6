/**
 * From the head and body of a request to a reply: authentication, routing and the endpoint. How answers look is in
 * `replies.ts`; sockets are the server's business.
 */

import type { CredentialHeaders } from '../authentication/authentication.js';
import type { Call, Route } from '../cluster/endpoint.js';
import type { Security } from '../cluster/security.js';
import type { Authentication } from '../identities/identity.js';
import { toJson } from '../wire/body-formats.js';
import { type ApiError, illegalArgument, Refusal } from '../wire/envelope.js';
import { createMediaTypes, type Negotiated } from './media-type.js';
import { answered, empty, type Form, failure, flat, type Reply, unhandled } from './replies.js';
import { createRouter, decodeComponent, isMethod, type Match, parseQuery } from './router.js';

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

/** A request that may go on. */
export interface Admitted {
  /** `undefined` for `OPTIONS`, which nobody has to authenticate for. */
  readonly authentication: Authentication | undefined;
  readonly negotiated: Negotiated;
  readonly query: ReadonlyMap<string, string>;
  readonly form: Form;
  /** What the answer has to carry in `WWW-Authenticate`. */
  readonly negotiate?: string | undefined;
}

/** A request that Elasticsearch does not answer: it hangs up. */
export type Dropped = 'dropped';

/** Answers requests. */
export interface Dispatcher {
  /**
   * @returns the refusal, or what is needed to go on with the body; a promise only where a signature has to be
   * verified
   */
  admit(head: Head): Admitted | Reply | Dropped | Promise<Admitted | Reply | Dropped>;
  reply(head: Head, admitted: Admitted, body: Buffer | undefined): Reply | Promise<Reply>;
  /** Refuses what is not a request at all. */
  refuse(error: ApiError): Reply;
}

const noQuery = new Map<string, string>();

/** @param routes all endpoints; those that the release does not have are left out */
export function createDispatcher(security: Security, routes: readonly Route[]): Dispatcher {
  const { version, authenticator, cryptoPool, jwtRealms } = security;
  const router = createRouter(routes.filter((route) => route.exists(version)));
  const mediaTypes = createMediaTypes(version);
  const { plain } = mediaTypes;
  const fail = (form: Form, error: ApiError, isNamed = true): Reply =>
    failure(form, error, isNamed, version.namesExceptions);

  function admit(head: Head): Admitted | Reply | Dropped {
    const query = queryOf(head.uri);
    const isDecoded = query instanceof Map;
    const parameters = isDecoded ? query : noQuery;
    const { accept, contentType, hasBody } = head;
    const negotiated = mediaTypes.negotiate({
      accept,
      contentType,
      format: parameters.get('format'),
      hasBody,
    });
    if (negotiated === 'unspeakable') return 'dropped';
    const spoken = 'status' in negotiated ? undefined : negotiated;
    const form = formOf(head, spoken ?? plain, parameters);
    if (head.repeatedHeader !== undefined) {
      const reason = `multiple values for single-valued header [${head.repeatedHeader}].`;
      // 8.8 moved the check to the door.
      return version.authenticatesFirst ? fail(form, illegalArgument(reason)) : flat(form, 400, reason);
    }
    const problem = !isDecoded
      ? badParameter(query)
      : 'status' in negotiated
        ? negotiated
        : formProblem(parameters);
    if (problem !== undefined && !version.authenticatesFirst) return fail(form, problem);
    let authentication: Authentication | undefined;
    let negotiate: string | undefined;
    if (head.method !== 'OPTIONS') {
      const result = authenticator.authenticate(head, head.uri);
      if (result.kind === 'refused') {
        const { error } = result;
        return fail(form, error, version.hidesProductByStatus && isNamedIn(error.status));
      }
      ({ authentication, negotiate } = result);
    }
    if (problem !== undefined) return fail(form, problem);
    return { authentication, negotiated: spoken ?? plain, query: parameters, form, negotiate };
  }

  function reply(head: Head, admitted: Admitted, body: Buffer | undefined): Reply | Promise<Reply> {
    const { authentication, negotiated, query, form } = admitted;
    const { method, uri } = head;
    const rawPath = pathOf(uri);
    const path = decodeComponent(rawPath, false);
    // Since it looks at the whole path before it looks for a handler.
    if (typeof path !== 'string' && version.authenticatesFirst)
      return fail(form, illegalArgument(path.problem));

    const match: Match = router.match(method, rawPath);
    if (method === 'OPTIONS' || authentication === undefined) {
      return empty(form, 200, match.kind === 'wrong method' ? ['Allow', match.allowed.join(',')] : []);
    }
    if (!isMethod(method)) return notAllowed(form, `Unexpected http method: ${method}`, match);
    if (match.kind === 'unknown') return unhandled(form, uri, method);
    // Elasticsearch takes any complaint about the path for one about the method.
    if (match.kind === 'undecodable') return notAllowed(form, match.problem, match);
    if (match.kind === 'wrong method') {
      return notAllowed(form, `Incorrect HTTP method for uri [${uri}] and method [${method}]`, match);
    }
    const { route, segments } = match;
    const call: Call = {
      method,
      path: typeof path === 'string' ? path : rawPath,
      segments,
      query,
      body,
      authentication,
      version,
    };
    const format = negotiated.bodyFormat;
    if (body === undefined) return act(admitted, route, call, method);
    if (format === undefined || format === 'smile' || (negotiated.bodyHasLines && !route.takesLines)) {
      // A header that is absent is an empty list there, which is how it is named.
      return flat(form, 406, `Content-Type header [${head.contentType ?? ''}] is not supported`);
    }
    if (format === 'json') return act(admitted, route, call, method);
    if (route.takesLines) {
      const name = format.toUpperCase();
      const reason = `Content-Type [${name}] does not support stream parsing. Use JSON or SMILE instead`;
      return flat(form, 406, reason);
    }
    return toJson(format, body).then((json) =>
      'status' in json ? fail(form, json) : act(admitted, route, { ...call, body: json }, method),
    );
  }

  function act(
    { form, negotiate }: Admitted,
    route: Route,
    call: Call,
    method: string,
  ): Reply | Promise<Reply> {
    const common = [
      ...(negotiate === undefined ? [] : ['WWW-Authenticate', negotiate]),
      ...deprecation(method, route),
    ];
    const refused = (refusal: unknown): Reply => {
      if (!(refusal instanceof Refusal)) throw refusal;
      const { error } = refusal;
      return fail(form, error, !version.hidesProductByStatus || isNamedIn(error.status));
    };
    try {
      const answer = route.handle(security, call);
      if (!(answer instanceof Promise)) return answered(form, answer, common);
      return answer.then((later) => answered(form, later, common)).catch(refused);
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
    return fail(formOf(head, plain, noQuery), { status: 500, type: 'exception', reason });
  }

  function deprecation(method: string, { paths: [path], replacement }: Route): string[] {
    if (replacement === undefined) return [];
    const text = `[${method} ${path}] is deprecated! Use [${method} ${replacement}] instead.`;
    return ['Warning', `299 Elasticsearch-${version.number}-${buildHash} "${text}"`];
  }

  return {
    admit: (head) =>
      guarded(head, () => {
        const hashed = cryptoPool.hash(head.authorization);
        if (hashed !== undefined) {
          return hashed.then((error) =>
            error === undefined ? admit(head) : fail(formOf(head, plain, noQuery), error),
          );
        }
        const verified = jwtRealms.isConfigured ? jwtRealms.verify(bearersOf(head)) : undefined;
        return verified === undefined
          ? admit(head)
          : verified.then((signatures) => admit({ ...head, signatures }));
      }),
    reply: (head, admitted, body) => guarded(head, () => reply(head, admitted, body)),
    refuse: (error) => fail(formOf({ opaqueId: undefined }, plain, noQuery), error),
  };
}

const buildHash = '0000000000000000000000000000000000000000';

function bearersOf({ authorization, secondary }: Head): string[] {
  return [authorization, secondary].flatMap((header) =>
    header?.slice(0, 7).toLowerCase() === 'bearer ' ? [header.slice(7)] : [],
  );
}

/** Most requests are done after one look for a question mark. */
function queryOf(uri: string): ReturnType<typeof parseQuery> {
  const mark = uri.indexOf('?');
  return mark < 0 ? noQuery : parseQuery(uri.slice(mark + 1));
}

function pathOf(uri: string): string {
  const mark = uri.indexOf('?');
  return mark < 0 ? uri : uri.slice(0, mark);
}

function formOf(
  { opaqueId }: Pick<Head, 'opaqueId'>,
  { format, answerType }: Negotiated,
  query: ReadonlyMap<string, string>,
): Form {
  const pretty = query.get('pretty');
  const isPretty = pretty === undefined ? undefined : pretty === '' || pretty === 'true';
  return { opaqueId, format, answerType, isPretty, paths: query.get('filter_path') };
}

/** What is wrong with the parameters that every request may have. */
function formProblem(query: ReadonlyMap<string, string>): ApiError | undefined {
  if (query.size === 0) return undefined;
  const wrong = ['pretty', 'human']
    .map((name) => query.get(name) ?? 'false')
    .find((value) => !['', 'true', 'false'].includes(value));
  if (wrong === undefined) return undefined;
  return illegalArgument(`Failed to parse value [${wrong}] as only [true] or [false] are allowed.`);
}

function badParameter({ problem }: { readonly problem: string }): ApiError {
  const reason = `java.lang.IllegalArgumentException: ${problem}`;
  return { status: 400, type: 'bad_parameter_exception', reason, cause: illegalArgument(problem) };
}

/** Whether an answer says that it is Elasticsearch's, where its status decides (`RestResponse.filterHeaders`). */
function isNamedIn(status: number): boolean {
  return status !== 401 && status !== 403;
}

function notAllowed(form: Form, problem: string, match: Match): Reply {
  const allowed = 'allowed' in match ? match.allowed : [];
  if (allowed.length === 0) return flat(form, 405, problem);
  return flat(form, 405, `${problem}, allowed: [${allowed.join(', ')}]`, ['Allow', allowed.join(',')]);
}
