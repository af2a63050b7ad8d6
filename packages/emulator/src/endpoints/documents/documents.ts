/** Single documents: storing, reading, changing and removing them by id. */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  queryFlag,
  type Route,
  refuse,
  route,
  segment,
} from '../../cluster/endpoint.js';
import type { Security } from '../../cluster/security.js';
import type { StoredDocument } from '../../documents/documents.js';
import { illegalArgument, validationFailure } from '../../wire/envelope.js';
import { locationOf, showPlace, showWritten, statusOf } from './document-answers.js';
import { isVisible, type VisibleIndex } from './document-search.js';
import { carryOut, parseChange, requestActions, type Write, writeProblems } from './document-writes.js';
import { callerOf } from './index-request.js';
import {
  readSourceParameters,
  type SourceFilter,
  sourceOf,
  sourceParameters,
  wholeSource,
} from './source-filter.js';

/** The parameters of every write. */
export const writeParameters: readonly string[] = ['refresh', 'timeout', 'wait_for_active_shards'];

/** Whether a write asks to be searchable at once, which it is anyway. */
export function asksForRefresh({ query }: Call): boolean {
  const policy = query.get('refresh');
  return policy === '' || policy === 'true';
}

interface WriteRequest {
  readonly write: Write;
  readonly refreshed: boolean;
}

function readKind(call: Call, id: string | undefined): 'index' | 'create' {
  // Whoever gives no id means a new document.
  const type = call.query.get('op_type') ?? (id === undefined ? 'create' : 'index');
  if (type === 'index' || type === 'create') return type;
  return refuse(illegalArgument(`opType must be 'create' or 'index', found: [${type}]`));
}

function readIndex(call: Call, onlyNew: boolean): WriteRequest {
  const id = call.segments.get('id');
  const kind = onlyNew ? 'create' : readKind(call, id);
  const write: Write = { kind, index: segment(call, 'index'), id, document: documentOf(call) };
  return { write, refreshed: asksForRefresh(call) };
}

function readUpdate(call: Call): WriteRequest {
  const document = documentOf(call);
  const change = parseChange(document);
  const write: Write = { kind: 'update', index: segment(call, 'index'), id: segment(call, 'id'), change };
  return { write, refreshed: asksForRefresh(call) };
}

function readDelete(call: Call): WriteRequest {
  const write: Write = { kind: 'delete', index: segment(call, 'index'), id: segment(call, 'id') };
  return { write, refreshed: asksForRefresh(call) };
}

function write(security: Security, { write: wanted, refreshed }: WriteRequest, call: Call): Answer {
  const caller = callerOf(security, call.authentication);
  caller.ensureMay(requestActions[wanted.kind], wanted.index);
  const result = carryOut(security, caller, wanted);
  const status = statusOf(result);
  const location = status === 201 ? locationOf(result) : undefined;
  return { ...answer(showWritten(result, call.version, refreshed), status), location };
}

function writeRoute(
  methods: readonly string[],
  path: string,
  read: (call: Call) => WriteRequest,
  more: { readonly body?: 'required'; readonly query?: readonly string[] } = {},
): Route {
  return route<WriteRequest>({
    methods,
    paths: [path],
    ...more,
    query: [...writeParameters, ...(more.query ?? [])],
    read,
    validate: (request) => writeProblems(request.write),
    action: (request) => requestActions[request.write.kind],
    // Privileges on indices are looked at together with the indices.
    free: () => true,
    run: write,
  });
}

interface ReadRequest {
  readonly index: string;
  readonly id: string;
  readonly source: SourceFilter;
}

function readGet(call: Call): ReadRequest {
  queryFlag(call, 'realtime');
  const source = readSourceParameters(call) ?? wholeSource;
  return { index: segment(call, 'index'), id: segment(call, 'id'), source };
}

const getAction = 'indices:data/read/get';

interface Found {
  readonly seen: VisibleIndex;
  /** `undefined`: there is none, or it must not be seen. */
  readonly document: StoredDocument | undefined;
}

function find(security: Security, { index: name, id }: ReadRequest, { authentication }: Call): Found {
  const target = { expression: name, ignoreUnavailable: false, allowNone: false };
  const caller = callerOf(security, authentication);
  const [seen, another] = caller.visible(getAction, caller.resolve(getAction, target));
  if (seen === undefined || another !== undefined) {
    return refuse(illegalArgument(`unable to return a single index as [${name}] stands for several`));
  }
  const document = seen.index.get(id);
  const visible = document !== undefined && isVisible(seen, document, security.clock.now());
  return { seen, document: visible ? document : undefined };
}

function get(security: Security, request: ReadRequest, call: Call): Answer {
  const { id, source } = request;
  const { version } = call;
  const { seen, document } = find(security, request, call);
  if (document === undefined) {
    return answer({ ...showPlace(seen.index, id, version), found: false }, 404);
  }
  return answer({
    ...showPlace(seen.index, id, version),
    _version: document.version,
    _seq_no: document.seqNo,
    _primary_term: 1,
    found: true,
    _source: sourceOf(document, seen.access, source),
  });
}

function getSource(security: Security, request: ReadRequest, call: Call): Answer {
  const { index, id, source } = request;
  if (source === false) refuse(validationFailure(['fetching source can not be disabled']));
  const { seen, document } = find(security, request, call);
  const found = document && sourceOf(document, seen.access, source);
  if (found !== undefined) return answer(found);
  return refuse({
    status: 404,
    type: 'resource_not_found_exception',
    reason: `Document not found [${index}]/[${id}]`,
  });
}

const byId = '/{index}/_doc/{id}';

/** The routes of this chapter. */
export const documentRoutes: readonly Route[] = [
  writeRoute(['POST'], '/{index}/_doc', (call) => readIndex(call, false), {
    body: 'required',
    query: ['op_type'],
  }),
  writeRoute(['PUT', 'POST'], byId, (call) => readIndex(call, false), {
    body: 'required',
    query: ['op_type'],
  }),
  writeRoute(['PUT', 'POST'], '/{index}/_create/{id}', (call) => readIndex(call, true), { body: 'required' }),
  writeRoute(['POST'], '/{index}/_update/{id}', readUpdate, { body: 'required' }),
  writeRoute(['DELETE'], byId, readDelete),
  route<ReadRequest>({
    methods: ['GET', 'HEAD'],
    paths: [byId],
    query: [...sourceParameters, 'preference', 'realtime', 'refresh'],
    read: readGet,
    action: () => getAction,
    free: () => true,
    run: get,
  }),
  route<ReadRequest>({
    methods: ['GET', 'HEAD'],
    paths: ['/{index}/_source/{id}'],
    query: [...sourceParameters, 'preference', 'realtime', 'refresh'],
    read: readGet,
    action: () => getAction,
    free: () => true,
    run: getSource,
  }),
];
