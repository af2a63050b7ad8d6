/**
 * What an endpoint is, and the order in which Elasticsearch goes through a request to one: read it, refuse
 * parameters it does not know, validate, authorise, and only then act. The endpoints are in `endpoints/`.
 */

import { isUtf8 } from 'node:buffer';
import type { Authentication } from '../identities/identity.js';
import type { RoleDescriptor } from '../privileges/role-descriptor.js';
import {
  type ApiError,
  illegalArgument,
  parseFailure,
  Refusal,
  validationFailure,
} from '../wire/envelope.js';
import { type JsonDocument, parseJson } from '../wire/json-parser.js';
import type { JsonValue } from '../wire/json-value.js';
import { suggestion } from '../wire/suggestion.js';
import type { Version } from '../wire/version.js';
import { type Need, waitInVain } from './ailments.js';
import { withoutStatistics } from './features.js';
import { sourceOf, sourceParameters } from './request-source.js';
import type { Security } from './security.js';

/** A request whose sender is known. */
export interface Call {
  readonly method: string;
  /** The request target up to the question mark, decoded. */
  readonly path: string;
  /** What stands in the path where its template has a name in braces. */
  readonly segments: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, string>;
  readonly body: Buffer | undefined;
  readonly authentication: Authentication;
  readonly version: Version;
}

/** A response before it is written. */
export interface Answer {
  readonly status: number;
  readonly body: JsonValue;
  /** The body as it is written in its shortest form, where that is known already. */
  readonly text?: string;
  /** Where what was created is. */
  readonly location?: string | undefined;
  /** Whether it is sent in chunks, so that its length is not told before. */
  readonly isChunked?: boolean;
  /** Whether it is an error in a form of its own, of which `filter_path` leaves out nothing. */
  readonly isError?: true;
  /** Whether it is no JSON but a text, its body. */
  readonly isText?: true;
  /** Whether it is pretty unless it is asked not to be. */
  readonly isPretty?: true;
}

/** One endpoint. `Input` is what it takes out of a request. */
export interface Endpoint<Input> {
  readonly methods: readonly string[];
  /** Templates such as `/_security/role/{name}`. */
  readonly paths: readonly string[];
  /** Whether the release has it; without, every release does. */
  exists?(version: Version): boolean;
  /** The query parameters it knows, beside those that every endpoint knows. */
  readonly query?: readonly string[] | ((version: Version) => readonly string[]);
  /** Whether it takes a body. */
  readonly body?: 'required' | 'optional';
  /** Whether its body may be in its address. */
  readonly takesSource?: boolean;
  /** Whether its body may be newline-delimited JSON. */
  readonly takesLines?: boolean;
  /** Why it does nothing for anybody, whatever is asked of it; without, or `undefined`: it does. */
  unavailable?(security: Security): ApiError | undefined;
  /** @throws Refusal */
  read(call: Call): Input;
  /** What is wrong with the request as a whole. */
  validate?(input: Input, version: Version): readonly string[];
  /** Says what is wrong in another form than the usual one. */
  invalid?(problems: readonly string[]): Answer;
  /** The name of what is done, for authorisation. */
  action(input: Input): string;
  /** Whether nothing but the caller's own API keys is concerned. */
  own?(input: Input, authentication: Authentication): boolean;
  /** The applications whose privileges are concerned, and nothing else. */
  applications?(input: Input): readonly string[];
  /** The applications whose labels and data in profiles are written. */
  profileData?(input: Input): readonly string[];
  /** The roles that are stored; none: some are removed. */
  roles?(input: Input): readonly RoleDescriptor[];
  /** What it does with the security index. */
  readonly needs?: readonly Need[] | ((input: Input) => readonly Need[]);
  /** Whether this caller needs no privilege for this request. */
  free?(input: Input, authentication: Authentication): boolean;
  /** @throws Refusal */
  run(security: Security, input: Input, call: Call): Answer | Promise<Answer>;
}

/** An endpoint whose kind of input nobody outside has to know. */
export interface Route {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  readonly exists: (version: Version) => boolean;
  /** The path that replaces this one, if it is deprecated. */
  readonly replacement?: string;
  readonly takesLines: boolean;
  /** @throws Refusal */
  readonly handle: (security: Security, call: Call) => Answer | Promise<Answer>;
}

/** Parameters that the REST layer itself understands. */
const genericParameters: readonly string[] = ['pretty', 'human', 'error_trace', 'filter_path', 'format'];

/** Makes a route of an endpoint. */
export function route<Input>(endpoint: Endpoint<Input>): Route {
  const { query = [], takesSource = false } = endpoint;

  function authorize(security: Security, { authentication }: Call, input: Input): void {
    const action = endpoint.action(input);
    const { authorization } = security;
    const free = endpoint.free?.(input, authentication) ?? false;
    const own = endpoint.own?.(input, authentication) ?? false;
    const applications = endpoint.applications?.(input) ?? [];
    const roles = endpoint.roles?.(input);
    const profileData = endpoint.profileData?.(input);
    const concerns = { own, applications, ...(roles && { roles }), ...(profileData && { profileData }) };
    const denial =
      withoutStatistics(security, action) ??
      authorization.barrier(authentication, action, own) ??
      (free ? undefined : authorization.denial(authentication, action, concerns));
    if (denial !== undefined) throw new Refusal(denial);
  }

  /** What keeps it from finding or storing what it is about. */
  function obstacleTo({ index }: Security, input: Input): ApiError | 'silent' | undefined {
    const ailment = index.ailment();
    if (ailment === undefined) return undefined;
    const { needs = [] } = endpoint;
    const all = typeof needs === 'function' ? needs(input) : needs;
    return all.map((need) => ailment.needs[need]).find((problem) => problem !== undefined);
  }

  /** @param parameters those that are known beside its own */
  function handle(security: Security, call: Call, parameters: readonly string[]): Answer | Promise<Answer> {
    if (endpoint.body === 'required' && call.body === undefined) {
      throw new Refusal(parseFailure(`request body ${takesSource ? 'or source parameter ' : ''}is required`));
    }
    const input = endpoint.read(call);
    if (call.query.size > 0) {
      const own = typeof query === 'function' ? query(call.version) : query;
      refuseUnknownParameters(call, [...own, ...parameters]);
    }
    if (endpoint.body === undefined && call.body !== undefined) {
      throw new Refusal(
        illegalArgument(`request [${call.method} ${call.path}] does not support having a body`),
      );
    }
    refuseUnknownRefresh(call.query.get('refresh'));
    const problems = endpoint.validate?.(input, call.version) ?? [];
    if (problems.length > 0) {
      if (endpoint.invalid !== undefined) return endpoint.invalid(problems);
      throw new Refusal(validationFailure(problems));
    }
    authorize(security, call, input);
    const obstacle = obstacleTo(security, input);
    if (obstacle === 'silent') return waitInVain('security index', security.clock);
    if (obstacle !== undefined) throw new Refusal(obstacle);
    return endpoint.run(security, input, call);
  }

  return {
    methods: endpoint.methods,
    paths: endpoint.paths,
    takesLines: endpoint.takesLines ?? false,
    exists: (version) => endpoint.exists?.(version) ?? true,
    handle(security, call) {
      const unavailable = endpoint.unavailable?.(security);
      if (unavailable !== undefined) throw new Refusal(unavailable);
      if (!takesSource || call.body !== undefined || !call.query.has('source'))
        return handle(security, call, genericParameters);
      const body = sourceOf(call.query, call.version);
      const known = [...genericParameters, ...sourceParameters];
      if (!(body instanceof Promise)) return handle(security, { ...call, body }, known);
      return body.then((read) => handle(security, { ...call, body: read }, known));
    },
  };
}

function refuseUnknownParameters(call: Call, known: readonly string[]): void {
  const unknown = [...call.query.keys()].filter((name) => !known.includes(name)).sort();
  if (unknown.length === 0) return;
  const named = unknown.map((name) => {
    const hint = suggestion(name, known);
    return `[${name}]${hint === '' ? '' : ` -> ${hint}`}`;
  });
  const noun = unknown.length === 1 ? 'parameter' : 'parameters';
  throw new Refusal(
    illegalArgument(`request [${call.path}] contains unrecognized ${noun}: ${named.join(', ')}`),
  );
}

/** Everything is visible at once here, but the parameter has to be one that Elasticsearch knows. */
function refuseUnknownRefresh(policy: string | undefined): void {
  if (policy === undefined || ['', 'true', 'false', 'wait_for'].includes(policy)) return;
  throw new Refusal(illegalArgument(`Unknown value for refresh: [${policy}].`));
}

/** The body of a call as JSON, broken or not; an absent body is an empty text. */
export function documentOf({ body = Buffer.alloc(0) }: Pick<Call, 'body'>): JsonDocument {
  const text = body.toString('utf8');
  if (isUtf8(body)) return parseJson(text.replace(/^\ufeff/, ''));
  // What could be decoded is read as usual; the complaint waits where the bytes stopped making sense.
  const readable = text.slice(0, text.indexOf('\ufffd'));
  const byte = body[Buffer.byteLength(readable)] ?? 0;
  return parseJson(readable, `Invalid UTF-8 start byte 0x${byte.toString(16)}`);
}

/** A named part of the path. */
export function segment(call: Call, name: string): string {
  return call.segments.get(name) ?? '';
}

/** A query parameter that is a boolean; present without a value it is `true`. */
export function queryFlag(call: Call, name: string): boolean {
  const value = call.query.get(name);
  if (value === undefined || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  throw new Refusal(
    illegalArgument(`Failed to parse value [${value}] as only [true] or [false] are allowed.`),
  );
}

/** A query parameter that is a text; blank counts as absent. */
export function queryText(call: Call, name: string): string | undefined {
  return textOrNothing(call.query.get(name));
}

/** The text, or `undefined` if it is blank. */
export function textOrNothing(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** A response with a body. */
export function answer(body: JsonValue, status = 200): Answer {
  return { status, body };
}

/** The same response, sent in chunks if the release does that. */
export function inChunks(response: Answer, isChunked: boolean): Answer {
  return { ...response, isChunked };
}

/** Throws an error from wherever an expression is expected. */
export function refuse(error: ApiError): never {
  throw new Refusal(error);
}
