// What middleware gives back where it was given nothing to go on with, for whoever awaits it. Who forgets that has let
// everybody in; he is told, and his process goes on: a refusal that is nobody's would end it, at any client's will.

import { warnOnce } from '../observation/warnings.js';

/** Settles as what it is made of does. Nobody needs to hear a rejection. */
export class Decision extends Promise<unknown> {
  static override readonly [Symbol.species]: PromiseConstructor = Promise;
  #isHeard = false;

  constructor(decided: Promise<unknown>) {
    super((resolve) => resolve(decided));
    const check = () => void setImmediate(() => this.#isHeard || warnOfNobody());
    super.then(check, check);
  }

  // An `await` calls it too, as this is no plain promise (ECMA-262, PromiseResolve).
  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isHeard = true;
    return super.then(fulfilled, rejected);
  }
}

function warnOfNobody(): void {
  warnOnce(
    'ESAUTH_NOT_AWAITED',
    'a guard, or esauth itself, was called in a handler without await, which goes on then whoever is calling; ' +
      'write await guard(request, response), or put the guard in front of the handler',
  );
}
