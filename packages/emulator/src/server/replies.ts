/**
 * The forms of an answer: which headers it has and in which order, and its body in the format that was asked for.
 * What is answered is decided in `dispatcher.ts` and by the endpoints.
 */

import type { Answer } from '../cluster/endpoint.js';
import { writeCbor } from '../wire/cbor.js';
import type { Format } from '../wire/content-types.js';
import { type ApiError, errorBody } from '../wire/envelope.js';
import { type JsonValue, writeJson, writePrettyJson } from '../wire/json-value.js';
import { writeYaml } from '../wire/yaml.js';
import { filterPath } from './filter-path.js';

/** A response, ready to be written. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn, without those that tell where the body ends. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
  /** How the end of the body is told; `given`: by the headers. */
  readonly framing: 'content-length' | 'chunked' | 'given';
  /** Of a refusal in Elasticsearch's standard form: its reason. */
  readonly reason?: string;
}

/** What a request asks of the form of its answer. */
export interface Form {
  readonly opaqueId: string | undefined;
  readonly format: Format;
  readonly answerType: string;
  /** `undefined`: it does not say. */
  readonly isPretty: boolean | undefined;
  /** `?filter_path=` */
  readonly paths: string | undefined;
}

interface More {
  /** What belongs to this answer: names and values in turn. */
  readonly headers?: readonly string[];
  /** What belongs to the request, whatever its answer is. */
  readonly common?: readonly string[];
  /** Whether it says that it is Elasticsearch's. */
  readonly isNamed?: boolean;
  readonly isFiltered?: boolean;
  readonly isPretty?: boolean;
  readonly isChunked?: boolean;
  /** The body in its shortest form, if it is known. */
  readonly text?: string | undefined;
}

function reply(form: Form, status: number, body: JsonValue, more: More): Reply {
  const { headers = [], common = [], isNamed = true, isFiltered = false, isPretty, text } = more;
  return {
    status,
    headers: [
      ...(form.opaqueId === undefined ? [] : ['X-Opaque-Id', form.opaqueId]),
      ...headers,
      ...(isNamed ? productHeader : []),
      ...common,
      'content-type',
      form.answerType,
    ],
    body: text ?? written(form, body, form.isPretty ?? isPretty ?? false, isFiltered),
    framing: more.isChunked === true ? 'chunked' : 'content-length',
  };
}

const productHeader = ['X-elastic-product', 'Elasticsearch'];

function written({ format, paths }: Form, body: JsonValue, isPretty: boolean, isFiltered: boolean) {
  const shown = isFiltered && paths !== undefined ? filterPath(body, paths) : body;
  switch (format) {
    case 'yaml':
      return writeYaml(shown);
    case 'cbor':
      return writeCbor(shown);
    default:
      return isPretty ? writePrettyJson(shown) : writeJson(shown);
  }
}

/** @param common headers that belong to the request, whatever its answer is */
export function answered(form: Form, answer: Answer, common: readonly string[]): Reply {
  const { status, body, text, location, isChunked = false, isError = false, isPretty = false } = answer;
  if (answer.isText && typeof body === 'string') {
    return reply({ ...form, answerType: textType }, status, '', { common, isChunked, text: body });
  }
  const isShortest =
    form.format === 'json' && form.isPretty === undefined && form.paths === undefined && !isPretty;
  return reply(form, status, body, {
    headers: location === undefined ? [] : ['Location', location],
    common,
    isChunked,
    isFiltered: !isError,
    isPretty,
    text: isShortest ? text : undefined,
  });
}

/** @param namesException whether the release names in a header what broke inside of the server */
export function failure(form: Form, error: ApiError, isNamed: boolean, namesException: boolean): Reply {
  const exception = namesException && error.status >= 500 ? exceptionName(error.type) : undefined;
  const headers = [
    ...(exception === undefined ? [] : ['X-Elastic-App-Exception', exception]),
    ...(error.challenges ?? []).flatMap((challenge) => ['WWW-Authenticate', challenge]),
  ];
  return { ...reply(form, error.status, errorBody(error), { headers, isNamed }), reason: error.reason };
}

/** The form of the routing layer. */
export function flat(form: Form, status: number, error: string, headers: readonly string[] = []): Reply {
  return reply(form, status, { error, status }, { headers });
}

/** Nobody answers to the path. */
export function unhandled(form: Form, uri: string, method: string): Reply {
  return reply(form, 400, { error: `no handler found for uri [${uri}] and method [${method}]` }, {});
}

/** What `OPTIONS` is answered with, and what else has no body. */
export function empty(form: Form, status: number, headers: readonly string[]): Reply {
  return { ...reply({ ...form, answerType: textType }, status, '', { headers, text: '' }) };
}

const textType = 'text/plain; charset=UTF-8';

// Exceptions of Java, which are not named; and those of Elasticsearch whose names say so twice.
const ofJava: ReadonlySet<string> = new Set([
  'illegal_argument_exception',
  'illegal_state_exception',
  'unsupported_operation_exception',
]);
const prefixed: ReadonlySet<string> = new Set([
  'exception',
  'security_exception',
  'status_exception',
  'authentication_processing_error',
]);

/** The class of an exception of Elasticsearch's own: `unavailable_shards_exception` is `UnavailableShardsException`. */
function exceptionName(type: string): string | undefined {
  if (ofJava.has(type)) return undefined;
  const words = type.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${prefixed.has(type) ? 'Elasticsearch' : ''}${words.join('')}`;
}
