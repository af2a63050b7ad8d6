/** Who gets the page and may press its buttons, and who does not. */

import type { IncomingHttpHeaders } from 'node:http';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actionProblem, isLoopbackHost, visitProblem } from '../../../packages/emulator/src/page/guard.js';
import { type Incoming, send } from '../../support/http-client.js';

let emulator: Emulator;
let token: string;
beforeEach(async () => {
  emulator = await startEmulator();
  const page = await send(`${emulator.url}/_esauth/`);
  token = page.text.match(/name="esauth-token" content="([\w-]+)"/)?.[1] ?? '';
});
afterEach(() => emulator.close());

const hour = { action: 'advance', ms: 3_600_000 };

async function act(headers: Record<string, string>, body: unknown = hour): Promise<Incoming> {
  return send(`${emulator.url}/_esauth/act`, { method: 'POST', headers, body });
}

/** Whether somebody has pressed the button after all. */
function moved(): boolean {
  return emulator.clock.now() - Date.now() > 1_000_000;
}

describe('hosts', () => {
  test.each(['localhost', '127.0.0.1', '127.8.9.10', '::1'])('%s is this machine', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });

  test.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '1127.0.0.1',
    '127.0.0.1.example',
    'localhost.example',
    'xlocalhost',
  ])('%j may be another', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('visitors', () => {
  const problem = (remoteAddress: string | undefined, headers: IncomingHttpHeaders = {}) =>
    visitProblem({ remoteAddress, encrypted: false, headers: { host: 'localhost:9200', ...headers } });

  test.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('%s is on this machine', (address) => {
    expect(problem(address)).toBeUndefined();
  });

  test.each(['192.168.0.2', 'fe80::1', '::ffff:10.0.0.1', undefined])('%s is not', (address) => {
    expect(problem(address)).toBe('This page is only for browsers on the same machine.');
  });

  test.each(['127.0.0.1', '127.0.0.1:9200', 'localhost', 'LOCALHOST:1', '[::1]', '[::1]:9200'])(
    'who asks for %s is welcome',
    async (host) => {
      expect((await send(`${emulator.url}/_esauth/state`, { headers: { host } })).status).toBe(200);
    },
  );

  test.each([
    'rebound.example',
    'rebound.example:9200',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'localhost@rebound.example',
    'localhost:9200:9200',
    '[::1].rebound.example',
    '10.0.0.1',
  ])('who asks for %j is not: DNS rebinding', async (host) => {
    for (const path of ['/', '/page.js', '/state', '/act']) {
      const { status, text } = await send(`${emulator.url}/_esauth${path}`, { headers: { host } });
      expect({ status, text }).toEqual({
        status: 403,
        text: 'This page is only for localhost, 127.0.0.1 and [::1].',
      });
    }
  });

  test.each(['', undefined])('who asks for no host is not either: %j', (host) => {
    expect(visitProblem({ remoteAddress: '127.0.0.1', encrypted: false, headers: { host } })).toMatch(
      /only for/,
    );
  });

  test.each(['x-forwarded-for', 'forwarded'])('nobody comes through a proxy: %s', async (name) => {
    const { status, text } = await send(`${emulator.url}/_esauth/`, { headers: { [name]: 'for=10.0.0.1' } });
    expect({ status, text }).toEqual({
      status: 403,
      text: 'This page is not for visitors who come through a proxy.',
    });
  });

  test.each(['cross-site', 'same-site', 'none', 'nonsense'])(
    'no data for Sec-Fetch-Site: %s',
    async (site) => {
      const headers = { 'sec-fetch-site': site };
      expect((await send(`${emulator.url}/_esauth/state`, { headers })).status).toBe(403);
      // A link on another site may lead to the page.
      expect((await send(`${emulator.url}/_esauth/`, { headers })).status).toBe(200);
    },
  );
});

describe('buttons', () => {
  test('work for the page itself', async () => {
    const headers = { origin: emulator.url, 'x-esauth-token': token, 'sec-fetch-site': 'same-origin' };
    expect((await act(headers)).status).toBe(200);
    expect(moved()).toBe(true);
  });

  test('work for a browser that sends no Sec-Fetch-Site', async () => {
    expect((await act({ origin: emulator.url, 'x-esauth-token': token })).status).toBe(200);
  });

  test.each([
    ['http://other.example'],
    ['null'],
    ['http://127.0.0.1'],
    ['http://localhost:PORT'],
    ['https://127.0.0.1:PORT'],
    ['http://127.0.0.1:PORT.example'],
    [undefined],
  ])('are refused to the origin %s', async (pattern) => {
    const origin = pattern?.replace('PORT', new URL(emulator.url).port);
    const { status, json } = await act({ 'x-esauth-token': token, ...(origin !== undefined && { origin }) });
    expect({ status, json }).toEqual({ status: 403, json: { problem: 'Another site must not do this.' } });
    expect(moved()).toBe(false);
  });

  test.each(['cross-site', 'same-site', 'none'])('are refused to Sec-Fetch-Site: %s', async (site) => {
    const { status } = await act({ origin: emulator.url, 'x-esauth-token': token, 'sec-fetch-site': site });
    expect(status).toBe(403);
    expect(moved()).toBe(false);
  });

  test.each<[string, () => Record<string, string>]>([
    ['without a token', () => ({})],
    ['with an empty token', () => ({ 'x-esauth-token': '' })],
    [
      'with another token',
      () => ({ 'x-esauth-token': `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}` }),
    ],
    ['with more than the token', () => ({ 'x-esauth-token': `${token}x` })],
    ['with as many characters but more bytes', () => ({ 'x-esauth-token': 'é'.repeat(token.length) })],
  ])('are refused %s', async (_, headers) => {
    const { status, json } = await act({ origin: emulator.url, ...headers() });
    expect({ status, json }).toEqual({
      status: 403,
      json: { problem: 'The emulator was started anew since this page was loaded. Load it again.' },
    });
    expect(moved()).toBe(false);
  });

  test('are refused to a form of another site, which can send neither the header nor the origin', async () => {
    const headers = {
      origin: 'http://other.example',
      'sec-fetch-site': 'cross-site',
      'content-type': 'text/plain',
    };
    expect((await act(headers, JSON.stringify(hour))).status).toBe(403);
    expect(moved()).toBe(false);
  });

  test('work over TLS for an origin with TLS, and for no other', () => {
    const problem = (origin: string) => {
      const headers = { host: 'localhost:9200', origin, 'x-esauth-token': token };
      return actionProblem({ remoteAddress: '127.0.0.1', encrypted: true, headers }, token);
    };
    expect(problem('https://localhost:9200')).toBeUndefined();
    expect(problem('http://localhost:9200')).toBe('Another site must not do this.');
  });

  test('have another token in every emulator, also with a seed', async () => {
    const tokens = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const seeded = await startEmulator({ seed: 'same' });
      tokens.add((await send(`${seeded.url}/_esauth/`)).text.match(/content="([\w-]{32})"/)?.[1] ?? '');
      await seeded.close();
    }
    expect(tokens.size).toBe(2);
    expect(tokens).not.toContain('');
  });
});
