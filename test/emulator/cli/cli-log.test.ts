/** What the command `esauth-emulator` says of each request: enough to see what happens, and nothing that is secret. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { logLine } from '../../../packages/emulator/src/cli/cli-output.js';
import { end, killAll, run } from '../../support/command.js';
import { apiKey, basic, bearer, send } from '../../support/http-client.js';

// Processes start slowly on a machine that has much to do.
vi.setConfig({ testTimeout: 30_000 });
afterEach(killAll);

/** Starts one, lets it be asked, and answers with its lines about that, milliseconds left out. */
async function linesAbout(asking: (url: string) => Promise<unknown>): Promise<string[]> {
  const started = run(['--port', '0']);
  const [introduction, url = ''] = await started.printed(/emulator at (\S+)\n[\s\S]*api_key\n\n/);
  await asking(url);
  const { out, err } = await end(started);
  expect(err).toBe('');
  const lines = out
    .slice(out.indexOf(introduction) + introduction.length)
    .trimEnd()
    .split('\n');
  return lines.map((line) => line.replace(/ \d+\.\d ms /, ' … '));
}

test('method, path, status, milliseconds, who', async () => {
  const lines = await linesAbout(async (url) => {
    const admin = basic('elastic', 'changeme');
    await send(`${url}/_security/_authenticate?pretty`, { headers: admin });
    const key = await send(`${url}/_security/api_key`, {
      method: 'PUT',
      headers: admin,
      body: { name: 'my key' },
    });
    await send(`${url}/_cluster/health`, { headers: apiKey(key.json.encoded) });
    const body = { grant_type: 'client_credentials' };
    const token = await send(`${url}/_security/oauth2/token`, { method: 'POST', headers: admin, body });
    await send(url, { headers: bearer(token.json.access_token) });
    await send(url);
    await send(`${url}/_nowhere`, { headers: admin });
    await send(`${url}/_esauth/`);
  });
  expect(lines).toEqual([
    'GET /_security/_authenticate?… 200 … elastic',
    'PUT /_security/api_key 200 … elastic',
    'GET /_cluster/health 200 … elastic, API key my key',
    'POST /_security/oauth2/token 200 … elastic',
    'GET / 200 … elastic, access token',
    'GET / 401 … -',
    'GET /_nowhere 400 … elastic',
  ]);
});

test('no secret, wherever in a request it is', async () => {
  const canary = 'c4n4ry-of-a-secret';
  const encoded = Buffer.from(`elastic:${canary}`).toString('base64');
  const lines = await linesAbout(async (url) => {
    await send(`${url}/?access_token=${canary}`);
    await send(`${url}/_security/user/elastic?${canary}`, { headers: basic('elastic', canary) });
    await send(`${url}/`, { headers: bearer(canary) });
    await send(`${url}/`, { headers: apiKey(canary) });
    await send(`${url}/`, { headers: { authorization: canary } });
    const body = { grant_type: 'password', username: 'elastic', password: canary };
    await send(`${url}/_security/oauth2/token`, {
      method: 'POST',
      headers: basic('elastic', 'changeme'),
      body,
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      `GET http://elastic:${canary}@127.0.0.1/_license HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    await once(socket.resume(), 'close');
  });
  expect(lines).toHaveLength(7);
  expect(lines.at(-1)).toBe('GET /_license 401 … -');
  expect(lines.join('\n')).not.toContain(canary);
  expect(lines.join('\n')).not.toContain(encoded);
});

test('nothing that a terminal would obey', async () => {
  const lines = await linesAbout(async (url) => {
    const body = { name: 'k\u001b[31m\n\u202e\u2028.' };
    const admin = basic('elastic', 'changeme');
    const key = await send(`${url}/_security/api_key`, { method: 'PUT', headers: admin, body });
    await send(url, { headers: apiKey(key.json.encoded) });
  });
  expect(lines.at(-1)).toBe('GET / 200 … elastic, API key k\\u{1b}[31m\\u{a}\\u{202e}\\u{2028}.');
  // Node lets no such target in. Should another version do so, nothing comes of it.
  const record = { method: 'GET', path: '/a\u009b31m\u007f', status: 200, fingerprint: undefined };
  const exchange = { record, at: 0, who: undefined, reason: undefined, struck: false };
  expect(logLine(exchange, 0)).toBe('GET /a\\u{9b}31m\\u{7f} 200 0.0 ms -');
});

test('a request without an answer, and long names in short', () => {
  const record = { method: 'GET', path: `/${'p'.repeat(300)}`, status: undefined, fingerprint: undefined };
  const exchange = { record, at: 0, who: 'w'.repeat(300), reason: undefined, struck: true };
  expect(logLine(exchange, 1.26)).toBe(`GET /${'p'.repeat(199)}… - 1.3 ms ${'w'.repeat(200)}…`);
});
