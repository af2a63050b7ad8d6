/** What a difference is: the bold words of its line in docs/packages/emulator.md, and what shows that it is one. */

import { type Emulator, type EmulatorOptions, startEmulator } from '@esauth/emulator';
import { onTestFinished } from 'vitest';
import { basic, type Incoming, send } from '../../support/http-client.js';

/** By the bold words. Each fails as soon as the emulator does what Elasticsearch does. */
export type Differences = Readonly<Record<string, () => void | Promise<void>>>;

export const admin = basic('elastic', 'changeme');

/** An emulator for one test. */
export async function start(options: EmulatorOptions = {}): Promise<Emulator & { ask: Ask }> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return { ...emulator, ask: asking(emulator.url) };
}

/** Sends `METHOD /path`, by default as the superuser. */
export type Ask = (line: string, body?: unknown, headers?: object) => Promise<Incoming>;

function asking(url: string): Ask {
  return (line, body, headers = admin) => {
    const [method = '', ...path] = line.split(' ');
    return send(url + path.join(' '), { method, headers: { ...headers }, body });
  };
}

export function reasonOf({ json }: Incoming): string {
  return typeof json.error === 'string' ? json.error : json.error.reason;
}
