/**
 * Scripts, as far as there are any here: templates that are sent along (`org.elasticsearch.script.Script`). Whatever
 * language one is said to be in, it is taken for Mustache (`MustacheTemplateEvaluator`). None are stored.
 */

import { type ApiError, illegalArgument, Refusal } from './envelope.js';
import type { JsonDocument, JsonNode } from './json-parser.js';
import { emptyMap, isMap, type JsonMap, type JsonValue, writeJson } from './json-value.js';
import { encoders, readTemplate } from './mustache.js';
import { anything, type Field, map, objectParser, text } from './object-parser.js';

/** A script that could be read. */
export type Script =
  | {
      readonly kind: 'inline';
      readonly source: string;
      /** What its text is, which decides how values are written into it. */
      readonly contentType: string;
      readonly params: JsonMap;
    }
  | { readonly kind: 'stored'; readonly id: string };

interface ScriptBody {
  readonly source?: JsonValue | undefined;
  readonly id?: string | undefined;
  readonly lang?: string | undefined;
  readonly options?: JsonMap | undefined;
  readonly params?: JsonMap | undefined;
}

const jsonType = 'application/json';

/**
 * @param node an object, or a text that is the script
 * @throws Refusal
 */
export function parseScript(document: JsonDocument, node: JsonNode): Script {
  if (node.kind === 'string')
    return { kind: 'inline', source: node.value, contentType: jsonType, params: emptyMap };
  let isChosen = false;
  const choice = <T>(field: Field<T>): Field<T> => ({
    ...field,
    read(value, inDocument) {
      if (isChosen) refuse('must only use one of [source, id] when specifying a script');
      isChosen = true;
      return field.read(value, inDocument);
    },
  });
  const body = objectParser<ScriptBody>('script', {
    source: choice({ ...anything, tokens: ['object', 'string'] }),
    id: choice(text),
    lang: text,
    options: map,
    params: map,
  }).parse(document, node);
  return scriptOf(body);
}

function scriptOf({ source, id, lang, options = emptyMap, params = emptyMap }: ScriptBody): Script {
  if (id !== undefined) {
    if (lang !== undefined) refuse('illegally specified <lang> for a stored script');
    if (options.size > 0) refuse('field [options] cannot be specified using a stored script');
    return { kind: 'stored', id };
  }
  if (source === undefined)
    return refuse('must specify either [source] for an inline script or [id] for a stored script');
  const others = [...options].filter(([name]) => name !== 'content_type');
  if (others.length > 0) {
    const shown = others.map(([name, value]) => `${name}=${textOf(value)}`).join(', ');
    refuse(`illegal compiler options [{${shown}}] specified`);
  }
  const given = options.get('content_type');
  return {
    kind: 'inline',
    source: isMap(source) ? writeJson(source) : String(source),
    contentType: given === undefined ? jsonType : textOf(given),
    params,
  };
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : writeJson(value);
}

function refuse(reason: string): never {
  throw new Refusal(illegalArgument(reason));
}

// `script.max_size_in_bytes`
const longestSource = 65_535;

/**
 * What a script gives.
 *
 * @param params what its names stand for, beside its own parameters and before them
 * @throws Refusal if it is none, or none is stored under its id
 */
export function runScript(script: Script, params: JsonMap): string {
  if (script.kind === 'stored') {
    const reason = `unable to find script [${script.id}] in cluster state`;
    throw new Refusal({ status: 404, type: 'resource_not_found_exception', reason });
  }
  const { source, contentType } = script;
  const size = Buffer.byteLength(source);
  if (size > longestSource) {
    const limit = `exceeded max allowed inline script size in bytes [${longestSource}]`;
    refuse(`${limit} with size [${size}] for script [${source}]`);
  }
  const encoder = encoders.get(contentType);
  if (encoder === undefined) throw new Refusal(uncompiled(source, contentType));
  const template = readTemplate(source, encoder);
  if ('problem' in template) throw new Refusal(unreadable(source, template.type, template.problem));
  return template.fill(new Map([...script.params, ...params]));
}

/** `ScriptException` */
function unreadable(source: string, type: string, reason: string): ApiError {
  return {
    status: 400,
    type: 'script_exception',
    reason,
    metadata: { script_stack: [], script: source, lang: 'mustache' },
    cause: { status: 400, type, reason },
  };
}

/** `GeneralScriptException`, which is what becomes of everything else (`ScriptCache.compile`). */
function uncompiled(source: string, contentType: string): ApiError {
  return {
    status: 500,
    type: 'general_script_exception',
    reason: `Failed to compile inline script [${source}] using lang [mustache]`,
    cause: illegalArgument(`No encoder found for media type [${contentType}]`),
  };
}
