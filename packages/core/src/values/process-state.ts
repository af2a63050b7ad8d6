// What all copies of this package in one process share. Package managers may install it twice, once for an adapter
// and once for the application: a guard of one copy has to find what the middleware of the other has recorded.

import { worded } from './messages.js';

/** As in `package.json`, which not every bundler lets a module read. */
export const version = '0.1.0';

/**
 * Keeps a state of the process and not of this copy, under `Symbol.for('esauth.…')`.
 *
 * @param name with the number of its form at the end: another number whenever older copies would misread it.
 * @returns how to get at it. It is made when it is first asked for: loading this package does nothing.
 */
export function processState<State extends object>(name: string, make: () => State): () => State {
  let state: State | undefined;
  return () => {
    if (state === undefined) {
      announce();
      state = ofProcess(name, make);
    }
    return state;
  };
}

function ofProcess<State extends object>(name: string, make: () => State): State {
  const symbol = Symbol.for(`esauth.${name}`);
  // Its own, so that what somebody puts on all objects is not taken for it.
  const kept: State | undefined = Object.getOwnPropertyDescriptor(globalThis, symbol)?.value;
  if (kept !== undefined) return kept;
  const made = make();
  Object.defineProperty(globalThis, symbol, { value: made });
  return made;
}

let announced = false;

function announce(): void {
  if (announced) return;
  announced = true;
  const versions = ofProcess('versions', () => new Set<string>());
  const others = [...versions].filter((other) => other !== version);
  versions.add(version);
  if (others.length === 0) return;
  const text = `two versions of @esauth/core are loaded, ${others.join(', ')} and ${version}`;
  process.emitWarning(
    worded('ESAUTH_TWO_VERSIONS', `${text}; install one for the whole application (npm ls @esauth/core)`),
    { type: 'EsauthWarning', code: 'ESAUTH_TWO_VERSIONS' },
  );
}
