/**
 * What tests on stepped time have to wait for before they let time pass: requests of this process, and whatever else
 * they say is under way.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';

export interface UnderWay {
  /** Counts until it has settled. */
  during<Reply>(sent: Promise<Reply>): Promise<Reply>;
  /** Resolves when nothing is under way, and nothing follows from what was. */
  none(): Promise<void>;
  close(): void;
}

// Of undici, docs/docs/api/DiagnosticsChannel.md: each request ends with one of them.
const ends = ['undici:request:trailers', 'undici:request:error'];

export function watchWhatIsUnderWay(): UnderWay {
  const things = new Set<unknown>();
  const waiting: (() => void)[] = [];
  const end = (thing: unknown) => {
    things.delete(thing);
    if (things.size > 0) return;
    for (const resolve of waiting.splice(0)) resolve();
  };
  const requestOf = (message: unknown) => (message as { readonly request: object }).request;
  const begun = (message: unknown) => void things.add(requestOf(message));
  const done = (message: unknown) => end(requestOf(message));
  subscribe('undici:request:create', begun);
  for (const name of ends) subscribe(name, done);

  return {
    during(sent) {
      things.add(sent);
      return sent.finally(() => end(sent));
    },
    async none() {
      // What has come is read and acted on in a few turns.
      for (let quiet = 0; quiet < 3; quiet += 1) {
        if (things.size > 0) {
          await new Promise<void>((resolve) => waiting.push(resolve));
          quiet = 0;
        }
        await turn();
      }
    },
    close() {
      unsubscribe('undici:request:create', begun);
      for (const name of ends) unsubscribe(name, done);
    },
  };
}
