// The requests of one lookup: on whose behalf they are made, what ends them all, and what each asks and says.

import { type Ending, Stop } from '../time/stop.js';
import type { Credential } from '../values/credential.js';
import type { Unavailable } from '../values/verdict.js';
import type { Asked, Readable, ReadReply, Refusal } from './answers.js';
import { type Call, nobodyWaits } from './conversation.js';
import type { Deadline, Deadlines, Timed } from './deadline.js';
import type { Reply } from './question.js';
import type { NodeRequest } from './transport.js';

/** On whose behalf something is asked, and for how long. */
export interface Asking {
  readonly credential: Credential;
  /** Ends it early, when nobody waits any more. */
  readonly abandoned: Ending;
  /** Ends it, on the monotonic clock. */
  readonly endsAt: number;
  /** A place for one more request on the wire; `undefined` if there is none now. */
  readonly besides: () => (() => void) | undefined;
  /** Whether the credential was good so lately that a doubtful refusal needs a second opinion. */
  readonly wasGood: () => boolean;
  /** Base URL of the node that answered last, or failed to; to be set while it is asked. */
  node: string | undefined;
}

/** One request, made with a lookup's credential and inside its deadline. */
export interface Inquiry {
  readonly path: string;
  readonly body?: string;
  /** The statuses that can be read. */
  readonly readable: readonly number[];
  /** What is longer is not read. */
  readonly maxBytes?: number;
}

/** One lookup: all its requests share one deadline, and end when nobody waits any more. */
export class Talk implements Timed {
  readonly asking: Asking;
  readonly signal: Stop = new Stop();
  readonly hedge: { spent: boolean } = { spent: false };
  readonly #deadline: Deadline;

  constructor(asking: Asking, deadlines: Deadlines) {
    this.asking = asking;
    this.#deadline = deadlines.start(asking.endsAt, this);
    asking.abandoned.addEventListener('abort', this);
  }

  /** Its time is up. */
  end(reason: unknown): void {
    this.signal.abort(reason);
  }

  /** Everybody has left. */
  handleEvent(): void {
    this.signal.abort(nobodyWaits);
  }

  over(): void {
    this.#deadline.over();
    this.asking.abandoned.removeEventListener('abort', this);
  }
}

export type Said = Readable | Refusal | Unavailable;

/** One request of a lookup, and how it is asked. A class, as closures for all of it would be made for each. */
export class Query implements Call {
  readonly request: NodeRequest;
  after: string | undefined = undefined;
  readonly #talk: Talk;
  readonly #asked: Asked;
  readonly #readReply: ReadReply;

  constructor(talk: Talk, inquiry: Inquiry, headers: NodeRequest['headers'], readReply: ReadReply) {
    const { path, body, readable, maxBytes } = inquiry;
    const { credential } = talk.asking;
    this.request = { path, body, headers, authorization: credential.authorization };
    this.#talk = talk;
    this.#asked = { credential, readable, maxBytes, signal: talk.signal };
    this.#readReply = readReply;
  }

  get signal(): Stop {
    return this.#talk.signal;
  }
  get hedge(): { spent: boolean } {
    return this.#talk.hedge;
  }
  get besides(): Asking['besides'] {
    return this.#talk.asking.besides;
  }

  wasGood(): boolean {
    return this.#talk.asking.wasGood();
  }

  isFinal(reply: Reply): boolean {
    return this.#readReply(reply, this.#asked).kind !== 'unavailable';
  }

  /** What the last reply says. */
  read(reply: Reply): Said {
    if (reply.kind !== 'open') this.#talk.asking.node = reply.node;
    return this.#readReply(reply, this.#asked);
  }
}
