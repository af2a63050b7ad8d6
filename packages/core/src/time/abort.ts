// Waiting for somebody else's `AbortSignal`. One listener of ours on each, however many calls share it: Node 20 warns
// of a leak at eleven.

interface Watched {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const watched = new WeakMap<AbortSignal, Watched>();

/**
 * @param signal one that has not fired.
 * @returns what ends the wait.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = watched.get(signal) ?? watch(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    signal.removeEventListener('abort', listener);
    watched.delete(signal);
  };
}

function watch(signal: AbortSignal): Watched {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const callback of [...callbacks]) callback();
  };
  const it = { callbacks, listener };
  watched.set(signal, it);
  signal.addEventListener('abort', listener, { once: true });
  return it;
}
