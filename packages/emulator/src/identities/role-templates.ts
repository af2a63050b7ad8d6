/**
 * Templates of role mappings: what they become for a user are names of roles (`TemplateRoleName`). They are tried
 * when a mapping is stored; what they give is only known once somebody signs in.
 */

import { type ApiError, contentParseFailure, illegalArgument, Refusal } from '../wire/envelope.js';
import { type JsonNode, locationOf, parseJson } from '../wire/json-parser.js';
import { emptyMap, type JsonMap, writeJson } from '../wire/json-value.js';
import {
  anything,
  type Field,
  objectParser,
  readString,
  refuseBroken,
  tokenName,
} from '../wire/object-parser.js';
import { parseScript, runScript, type Script } from '../wire/script.js';

/** Whether a template becomes one name, or JSON: a name or a list of them. */
export type RoleFormat = 'json' | 'string';

/** A template. */
export interface RoleTemplate {
  /** A script in JSON. */
  readonly template: string;
  readonly format: RoleFormat;
}

const template: Field<string> = {
  tokens: ['object', 'string'],
  required: true,
  read(node, document) {
    if (node.kind === 'string') return node.value;
    const value = anything.read(node, document);
    return value === undefined ? '' : writeJson(value);
  },
};

const format: Field<RoleFormat | undefined> = {
  tokens: ['string'],
  required: false,
  read(node, document) {
    const name = readString(node, document);
    const lower = name.toLowerCase();
    if (lower === 'json' || lower === 'string') return lower;
    const reason = `Invalid format [${name}] expected one of [json,string]`;
    throw new Refusal(contentParseFailure(`[${locationOf(document, node.at)}] ${reason}`), node.at);
  },
};

const parser = objectParser<{ template: string; format?: RoleFormat | undefined }>('role-mapping-template', {
  template,
  format,
});

/** The templates of a mapping: an object, or a list of them. */
export const roleTemplates: Field<readonly RoleTemplate[] | undefined> = {
  tokens: ['array', 'object'],
  required: false,
  read(node, document) {
    const read = (item: JsonNode): RoleTemplate => {
      const body = parser.parse(document, item);
      return { template: body.template, format: body.format ?? 'string' };
    };
    if (node.kind !== 'array') return [read(node)];
    const items = node.items.map(read);
    return node.end === undefined ? refuseBroken(document) : items;
  },
};

/** @throws Refusal if a template can not be filled in, tried with nothing but its own parameters */
export function tryRoleTemplate({ template }: RoleTemplate): void {
  const script = scriptIn(template);
  try {
    runScript(script, emptyMap);
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.error.type === 'illegal_argument_exception') throw refusal;
    throw new Refusal({ ...illegalArgument(detailsOf(refusal.error)), cause: refusal.error });
  }
}

/**
 * The names of roles that a template gives.
 *
 * @throws Refusal
 */
export function rolesFrom({ template, format }: RoleTemplate, model: JsonMap): string[] {
  const filled = runScript(scriptIn(template), model);
  return format === 'string' ? [filled] : namesIn(filled);
}

function scriptIn(template: string): Script {
  const document = parseJson(template);
  return parseScript(document, document.root);
}

function namesIn(text: string): string[] {
  const document = parseJson(text);
  const { root } = document;
  if (root.kind === 'broken') return refuseBroken(document);
  if (root.kind === 'string') return [root.value];
  if (root.kind !== 'array') {
    const reason = `Roles template must generate a string or an array of strings, but found [${tokenName(root)}]`;
    throw new Refusal(contentParseFailure(reason));
  }
  if (root.end === undefined) refuseBroken(document);
  return root.items.flatMap((item) => {
    if (item.kind === 'null') return [];
    if (item.kind === 'string') return [item.value];
    const found = `[${javaClasses[item.kind]}] [${shown(item, text)}]`;
    throw new Refusal(contentParseFailure(`Roles array may only contain strings but found ${found}`));
  });
}

const javaClasses: Readonly<Record<JsonNode['kind'], string>> = {
  string: 'java.lang.String',
  number: 'java.lang.Integer',
  boolean: 'java.lang.Boolean',
  object: 'java.util.HashMap',
  array: 'java.util.ArrayList',
  null: 'null',
  broken: 'null',
};

function shown(node: JsonNode, text: string): string {
  if (node.kind === 'number') return node.text;
  if (node.kind === 'boolean') return String(node.value);
  return 'end' in node ? text.slice(node.at, (node.end ?? node.at) + 1) : '';
}

// The classes of what can go wrong with a script.
const classes: ReadonlyMap<string, string> = new Map([
  ['script_exception', 'ScriptException'],
  ['mustache_exception', 'MustacheException'],
  ['mustache_not_found_exception', 'MustacheNotFoundException'],
  ['resource_not_found_exception', 'ResourceNotFoundException'],
  ['general_script_exception', 'GeneralScriptException'],
  ['illegal_argument_exception', 'IllegalArgumentException'],
  ['parse_exception', 'ElasticsearchParseException'],
]);

/** `ExceptionsHelper.detailedMessage` */
function detailsOf({ type, reason, cause }: ApiError): string {
  const own = `${classes.get(type) ?? type}[${reason}]`;
  return cause === undefined ? own : `${own}; nested: ${detailsOf(cause)};`;
}
