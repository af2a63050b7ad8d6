// A span for each lookup: a child of the request that waited for it, with links to the other requests that did. It is
// made when the lookup is over, with the times that it had; until then there is only a note of who waits.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type LookupEvent, unbracketed, type Verifier, type WaitEvent } from '@esauth/core';
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { guarded } from './guarded.js';
import { attribute, spanName } from './series.js';

/** Who waits for one lookup. */
interface Waiting {
  /** The first to come, in their order. */
  readonly contexts: Context[];
  /** All of them. */
  count: number;
}

/** So many links a span has at most, unless its SDK is told otherwise (`OTEL_SPAN_LINK_COUNT_LIMIT`); and a parent. */
const mostContexts = 129;

/**
 * @param common attributes of every span.
 * @returns what ends it.
 */
export function recordSpans(verifier: Verifier, tracer: Tracer, common: Attributes): () => void {
  const waits = new WeakMap<object, Waiting>();

  const onWait = (message: unknown) => {
    const { lookup } = message as WaitEvent;
    const waiting = waits.get(lookup) ?? { contexts: [], count: 0 };
    waiting.count += 1;
    if (waiting.contexts.length < mostContexts) waiting.contexts.push(context.active());
    waits.set(lookup, waiting);
  };

  const onLookup = guarded((message) => {
    const event = message as LookupEvent;
    if (event.verifier !== verifier) return;
    const { contexts, count } = waits.get(event.lookup) ?? { contexts: [], count: 0 };
    const { kind, background } = event;
    // Whose request has set off a refresh does not wait for it.
    const parent = contexts.slice(background ? 1 : 0).find(isTraced) ?? ROOT_CONTEXT;
    const others = contexts.filter((each) => each !== parent && isTraced(each));
    const links = others.flatMap((each) => trace.getSpanContext(each) ?? []).map((to) => ({ context: to }));
    const endedAt = Date.now();
    const attributes = { ...common, ...attributesOf(event), [attribute.callers]: count - Number(background) };
    const startTime = endedAt - event.durationMs;
    const span = tracer.startSpan(spanName, { kind: SpanKind.CLIENT, startTime, attributes, links }, parent);
    // Without words: what broke a lookup may repeat what somebody else wrote. That is in the process warning.
    if (kind === 'unavailable') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endedAt);
  });

  subscribe('esauth:wait', onWait);
  subscribe('esauth:lookup', onLookup);
  return () => {
    unsubscribe('esauth:wait', onWait);
    unsubscribe('esauth:lookup', onLookup);
  };
}

function attributesOf({ about, kind, code, node, background }: LookupEvent): Attributes {
  return {
    [attribute.about]: about,
    [attribute.outcome]: kind,
    [attribute.background]: background,
    ...(kind === 'rejected' && { [attribute.code]: code }),
    ...(kind === 'unavailable' && { [attribute.error]: code }),
    ...(node !== undefined && placeOf(node)),
  };
}

function placeOf(node: string): Attributes {
  const { hostname, port, protocol } = new URL(node);
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return {
    [attribute.node]: node,
    [attribute.host]: unbracketed(hostname),
    [attribute.port]: port === '' ? defaultPort : Number(port),
  };
}

function isTraced(it: Context): boolean {
  const span = trace.getSpanContext(it);
  return span !== undefined && isSpanContextValid(span);
}
