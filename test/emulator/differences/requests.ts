/** What is different about requests, whoever sends them and whatever for. */

import { expect } from 'vitest';
import { basic, send } from '../../support/http-client.js';
import { exchange } from '../../support/raw-exchange.js';
import { readRecordings } from '../../support/recordings.js';
import { type Differences, reasonOf, start } from './difference.js';

export const requestDifferences: Differences = {
  'Other endpoints': async () => {
    const { ask } = await start();
    for (const path of ['/_cluster/stats', '/_nodes/stats', '/_cat/indices', '/_tasks']) {
      expect(reasonOf(await ask(`GET ${path}`))).toMatch(/^no handler found for uri|^no such index/);
    }
  },

  SMILE: async () => {
    const { ask, url } = await start();
    const headers = { ...basic('elastic', 'changeme'), accept: 'application/smile' };
    const { json, header } = await ask('GET /_security/_authenticate', undefined, headers);
    expect([json.username, header('content-type')]).toEqual(['elastic', ['application/json']]);
    const type = { ...basic('elastic', 'changeme'), 'content-type': 'application/smile' };
    const body = Buffer.from([0x3a, 0x29, 0x0a, 0x00, 0xfa, 0xfb]);
    const refused = await send(`${url}/_security/user/_has_privileges`, {
      method: 'POST',
      headers: type,
      body,
    });
    expect(refused.status).toBe(406);
  },

  'YAML and CBOR': async () => {
    const { ask } = await start();
    const types = { 'content-type': 'application/yaml', accept: 'application/json' };
    const headers = { ...basic('elastic', 'changeme'), ...types };
    const answer = await ask('POST /_security/oauth2/token', 'grant_type: password\n\nnosuch: 1\n', headers);
    // It stands in the third line.
    expect(reasonOf(answer)).toMatch(/^\[1:\d+\]/);
  },

  '`error_trace` and `human`': async () => {
    const { ask } = await start();
    const plain = await ask('GET /_security/user/nobody/x');
    const traced = await ask('GET /_security/user/nobody/x?error_trace=true');
    expect(traced.text).not.toContain('stack_trace');
    expect(traced.status).toBe(plain.status);
    const failed = await ask('PUT /_security/user/alice?error_trace=true', { password: 'x' });
    expect(failed.status).toBe(400);
    expect(failed.text).not.toContain('stack_trace');
    const license = async (query: string) => Object.keys((await ask(`GET /_license${query}`)).json.license);
    const human = await license('?human=true');
    expect(human).toEqual(await license('?human=false'));
  },

  'Broken JSON': async () => {
    const { ask } = await start();
    const text = '{"grant_type": nonsense}';
    const json = { ...basic('elastic', 'changeme'), 'content-type': 'application/json' };
    const { text: told } = await ask('POST /_security/oauth2/token', text, json);
    // Since Jackson 2.16 a source is called redacted, or has no text in it.
    expect(told).toContain('at [Source: ');
    expect(told).not.toContain('REDACTED');
  },

  'What is not HTTP': async () => {
    const { url } = await start();
    const tell = async (bytes: string) => {
      const answer = await exchange({ port: Number(new URL(url).port) }, Buffer.from(bytes), false);
      return 'failed' in answer ? answer.failed : String(answer.body);
    };
    expect(await tell('GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n')).toContain('invalid HTTP request');
    expect(await tell('GET /\r\n\r\n')).not.toContain('invalid HTTP request');
  },

  'Older releases': async () => {
    expect(readRecordings().map(({ version }) => version)).toEqual(['9.5.0']);
    const told = async (version: string) => {
      const { ask, cluster } = await start({ version, roles: { r: {} } });
      const unknown = reasonOf(await ask('PUT /_security/role/r', { cluster: ['nosuch'] }));
      cluster('security index read-blocked');
      return { unknown: unknown.split(/[[\],]/), ill: (await ask('GET /_security/role/r')).json };
    };
    const [older, latest] = [await told('8.10'), await told('9.5')];
    expect(older.ill).toEqual(latest.ill);
    // What there was then, in the order of now.
    const names = new Set(older.unknown);
    expect(names.size).toBeGreaterThan(40);
    expect(older.unknown).toEqual(latest.unknown.filter((name) => names.has(name)));
  },
};
