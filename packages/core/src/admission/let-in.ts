// What middleware gives back where it was given something to go on with, for whoever awaits it all the same.

/**
 * Settles when a request is let in, and never if it is not; it never rejects. Nothing holds it but whoever waits for
 * it, so that one that never settles is forgotten with him.
 *
 * Frameworks that look at what middleware returns (Fastify's hooks, Express 5's handlers) hear of the outcome by
 * `next`, and would hear of it twice. They ask in the turn in which they got it, and are told nothing. An `await`
 * never asks so early: it takes what is no plain promise for a thenable, which is asked in a job of its own
 * (ECMA-262, NewPromiseResolveThenableJob).
 */
export class LetIn extends Promise<undefined> {
  static override readonly [Symbol.species]: PromiseConstructor = Promise;
  #isNew = true;

  /** @param letIn whether it is; a promise of something else than `true` is for a request that is not. */
  constructor(letIn: false | Promise<boolean | undefined>) {
    super((resolve) => {
      if (letIn !== false) void letIn.then((yes) => yes === true && resolve(undefined));
    });
    queueMicrotask(() => {
      this.#isNew = false;
    });
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<A = undefined, B = never>(
    fulfilled?: ((value: undefined) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#isNew ? new Promise(() => {}) : super.then(fulfilled, rejected);
  }
}
