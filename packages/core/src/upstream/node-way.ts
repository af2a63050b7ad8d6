// The way to one node: below which path it stands, and whether what comes back may be believed to be the answer to what
// was asked.

import type { Ending } from '../time/stop.js';
import type { Answer } from './exchange.js';
import { createEchoMemory, type EchoMemory } from './opaque-id.js';
import type { NodeRequest, Transport } from './transport.js';

export interface NodeWay {
  /** The node's base URL. */
  readonly name: string;
  readonly prefix: string;
  readonly transport: Transport;
  readonly echoes: EchoMemory;
}

/** An answer of a node. To be made once for each: the node's other ones are judged by it. */
export class Heard {
  readonly kind = 'answer';
  /** The node's base URL. */
  readonly node: string;
  readonly answer: Answer;
  readonly #echoes: EchoMemory;
  #isOurs: boolean | undefined = undefined;

  constructor({ name, echoes }: NodeWay, answer: Answer) {
    this.node = name;
    this.answer = answer;
    this.#echoes = echoes;
    if (answer.echoed) echoes.echoed();
  }

  /**
   * Whether it may be taken for the one to this question: it bears its id, or comes from a node whose answers lack it.
   * To be asked only of what Elasticsearch itself says, because what is in front of it returns no id.
   */
  isOurs(): boolean {
    this.#isOurs ??= this.answer.echoed || this.#echoes.missed();
    return this.#isOurs;
  }
}

/** @param connect opens the way to an origin. */
export function wayTo(url: URL, connect: (origin: string) => Transport): NodeWay {
  return {
    name: url.href,
    prefix: url.pathname.replace(/\/+$/, ''),
    transport: connect(url.origin),
    echoes: createEchoMemory(),
  };
}

/** Rejects with the network's error, or with the signal's reason as soon as that fires. */
export function askBy({ prefix, transport }: NodeWay, request: NodeRequest, signal: Ending): Promise<Answer> {
  return transport.send(request, signal, prefix);
}
