/** Several writes in one request: `_bulk`, a line for each and a line for its document. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  inChunks,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import { illegalArgument, members, Refusal } from '../../wire/envelope.js';
import type { JsonDocument, JsonNode } from '../../wire/json-parser.js';
import type { JsonValue } from '../../wire/json-value.js';
import { readScalarText, refuseBroken, tokenName } from '../../wire/object-parser.js';
import { showPlace, showWritten, statusOf } from './document-answers.js';
import { bulkAction, carryOut, parseChange, type Write, writeProblems } from './document-writes.js';
import { asksForRefresh, writeParameters } from './documents.js';
import { callerOf } from './index-request.js';

interface BulkRequest {
  readonly writes: readonly Write[];
  readonly refreshed: boolean;
}

interface Header {
  readonly kind: Write['kind'];
  readonly index: string | undefined;
  readonly id: string | undefined;
}

const kinds: ReadonlySet<string> = new Set(['create', 'delete', 'index', 'update']);

function isKind(name: string): name is Write['kind'] {
  return kinds.has(name);
}

function readBulk(call: Call): BulkRequest {
  const { body = Buffer.alloc(0), segments } = call;
  const lines = linesOf(body);
  const writes: Write[] = [];
  for (let at = 0; at < lines.length; at++) {
    const document = lines[at];
    if (document === undefined || document.text.trim() === '') continue;
    const header = readHeader(document, at + 1);
    const index = header.index ?? segments.get('index') ?? '';
    if (header.kind === 'delete') writes.push({ kind: 'delete', index, id: header.id ?? '' });
    else {
      at++;
      const source = lines[at];
      if (source !== undefined) writes.push(withDocument(header, index, source));
    }
  }
  return { writes, refreshed: asksForRefresh(call) };
}

/** Every line ends in a line feed, also the last one. */
function linesOf(body: Buffer): JsonDocument[] {
  const lines: JsonDocument[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(10, at);
    if (end < 0) return refuse(illegalArgument('The bulk request must be terminated by a newline [\\n]'));
    lines.push(documentOf({ body: body.subarray(at, end) }));
    at = end + 1;
  }
  return lines;
}

function withDocument({ kind, id }: Header, index: string, document: JsonDocument): Write {
  if (kind === 'index' || kind === 'create') return { kind, index, id, document };
  const change = parseChange(document);
  return { kind: 'update', index, id: id ?? '', change };
}

function readHeader(document: JsonDocument, line: number): Header {
  const malformed = (problem: string): never =>
    refuse(illegalArgument(`Malformed action/metadata line [${line}], ${problem}`));
  const { root } = document;
  if (root.kind === 'broken') return refuseBroken(document);
  if (root.kind !== 'object') return malformed(`expected START_OBJECT but found [${tokenName(root)}]`);
  const [action, second] = root.members;
  if (action === undefined) return malformed('expected FIELD_NAME but found [END_OBJECT]');
  if (!isKind(action.name)) {
    return malformed(`expected field [create], [delete], [index] or [update] but found [${action.name}]`);
  }
  if (action.value.kind === 'broken') return refuseBroken(document);
  if (action.value.kind !== 'object') {
    return malformed(`expected START_OBJECT or END_OBJECT but found [${tokenName(action.value)}]`);
  }
  const found = new Map<string, string>();
  for (const { name, value } of action.value.members)
    found.set(name, readParameter(document, line, name, value));
  if (second !== undefined) return malformed('expected END_OBJECT but found [FIELD_NAME]');
  if (action.value.end === undefined || root.end === undefined) return refuseBroken(document);
  return { kind: action.name, index: found.get('_index'), id: found.get('_id') };
}

function readParameter(document: JsonDocument, line: number, name: string, value: JsonNode): string {
  if (value.kind === 'object' || value.kind === 'array') {
    return refuse(
      illegalArgument(
        `Malformed action/metadata line [${line}], expected a simple value for field [${name}] but found [${tokenName(value)}]`,
      ),
    );
  }
  if (name === '_index' || name === '_id') return readScalarText(value, document);
  return refuse(illegalArgument(`Action/metadata line [${line}] contains an unknown parameter [${name}]`));
}

/** Whether a write brings a whole document, for which an id could be drawn. */
function isDocument({ kind }: Write): boolean {
  return kind === 'index' || kind === 'create';
}

function problems({ writes }: BulkRequest): string[] {
  if (writes.length === 0) return ['no requests added'];
  return writes.flatMap((write) => [
    ...(write.index === '' ? ['index is missing'] : []),
    ...(write.id === '' && !isDocument(write) ? ['id is missing'] : []),
    ...writeProblems(write),
  ]);
}

function bulk(security: Security, { writes, refreshed }: BulkRequest, call: Call): Answer {
  const { authentication, version } = call;
  const caller = callerOf(security, authentication);
  caller.ensureMaySomewhere(bulkAction);
  let errors = false;
  const items = writes.map((write): JsonValue => {
    try {
      if (write.id === '') refuse(illegalArgument('if _id is specified it must not be empty'));
      const result = carryOut(security, caller, write, true);
      return { [write.kind]: { ...showWritten(result, version, refreshed), status: statusOf(result) } };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      errors = true;
      const { error } = refusal;
      const place = showPlace({ name: write.index }, write.id ?? null, version);
      return { [write.kind]: { ...place, status: error.status, error: members(error, error.cause) } };
    }
  });
  return inChunks(answer({ errors, took: 0, items }), version.chunksBulk);
}

/** The route of this chapter. */
export const bulkRoute: Route = route<BulkRequest>({
  methods: ['POST', 'PUT'],
  paths: ['/_bulk', '/{index}/_bulk'],
  query: writeParameters,
  body: 'required',
  takesLines: true,
  read: readBulk,
  validate: problems,
  action: () => bulkAction,
  // Privileges on indices are looked at together with the indices.
  free: () => true,
  run: bulk,
});
