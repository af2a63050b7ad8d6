// What an SDK is made of throws at times, such as a processor of spans that somebody wrote. In a listener of a channel
// that would end the process.

import { diag } from '@opentelemetry/api';

/** @returns a listener that tells OpenTelemetry's own log what it fails on, and throws nothing. */
export function guarded(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message);
    } catch (error) {
      diag.error('@esauth/opentelemetry: a lookup is not recorded', error);
    }
  };
}
