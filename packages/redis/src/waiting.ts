// Waiting for a reply for as long as the caller wants to, and no longer; and how many may wait. What a client goes on
// with after that is let go of: its promise may settle whenever it likes, and rejects unheard.

import { CommandError, commandError } from './commands.js';

/** What a client has not answered yet, in number: it keeps all of it, also what nobody waits for any more. */
const mostUnanswered = 1_024;

/** @returns what runs commands, each of which counts until the client is done with it. */
export function createCounter(): <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T> {
  let unanswered = 0;
  return async (signal, work) => {
    if (unanswered >= mostUnanswered)
      throw new CommandError('crowded', 'Too many commands have no reply yet');
    unanswered += 1;
    return within(signal, async () => {
      try {
        return await work();
      } finally {
        unanswered -= 1;
      }
    });
  };
}

/** @throws {CommandError} what `work` rejects with, or `aborted` as soon as the signal fires */
export function within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(aborted());
  return new Promise((resolve, reject) => {
    const leave = () => reject(aborted());
    signal.addEventListener('abort', leave, { once: true });
    const stay = () => signal.removeEventListener('abort', leave);
    work().then(
      (value) => {
        stay();
        resolve(value);
      },
      (thrown: unknown) => {
        stay();
        reject(commandError(thrown));
      },
    );
  });
}

function aborted(): CommandError {
  return new CommandError('aborted', 'Nobody waits for the reply any more');
}
