/** The page in a real browser: how it looks, what its buttons do, and what other sites can not do. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type Emulator, startEmulator } from '@esauth/emulator';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { startBrowser } from '../../support/browser.js';
import { apiKey, basic, bearer, type Incoming, send } from '../../support/http-client.js';

let browser: Browser;
let emulator: Emulator;
beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);
afterAll(() => browser?.close());

// A browser takes its time, above all beside other tests.
vi.setConfig({ testTimeout: 60_000 });
const patiently = { timeout: 20_000 };

const script = '<script>window.harmed=true</script>';
const image = '<img src=x onerror="window.harmed=true">';

beforeEach(async () => {
  emulator = await startEmulator({
    users: {
      alice: { password: 'secret', roles: ['superuser'] },
      [script]: { password: 'secret', roles: [] },
      ['long'.repeat(40)]: { password: 'secret', roles: ['role'.repeat(40), 'another'] },
    },
  });
});

/** Ends a browser's window, and says what it has complained about. */
const endings: (() => Promise<string[]>)[] = [];
afterEach(async () => {
  // Before the emulator, or else the page complains that it is gone.
  const complaints: string[] = [];
  for (const end of endings.splice(0)) complaints.push(...(await end()));
  await emulator.close();
  expect(complaints).toEqual([]);
});

const admin = basic('elastic', 'changeme');
const wide = { width: 1100, height: 800 };
const phone = { width: 360, height: 740 };

/** Opens the page. When the test ends the browser must not have complained about anything but what is expected. */
async function open(options: BrowserContextOptions = {}, expected = /^$/): Promise<Page> {
  const complaints: string[] = [];
  const context = await browser.newContext({ viewport: wide, ...options });
  endings.push(async () => {
    await context.close();
    return complaints.filter((text) => !expected.test(text));
  });
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  await page.goto(`${emulator.url}/_esauth/`);
  await page.getByText('Version 9.5.0').waitFor();
  return page;
}

async function post(path: string, body?: object): Promise<Incoming['json']> {
  return (await send(emulator.url + path, { method: 'POST', headers: admin, body })).json;
}

async function statusOf(headers: { authorization: string } = admin): Promise<number> {
  return (await send(`${emulator.url}/_security/_authenticate`, { headers })).status;
}

/** Something of everything, with names that are long or would be markup. */
async function populate(): Promise<void> {
  await post('/_security/api_key', { name: 'reports', expiration: '1d' });
  await post('/_security/api_key', { name: image });
  await post('/_security/oauth2/token', { grant_type: 'client_credentials' });
  await post('/_security/oauth2/token', { grant_type: 'password', username: 'alice', password: 'secret' });
  await post('/_security/service/elastic/fleet-server/credential/token/token1');
  await send(`${emulator.url}/${'path/'.repeat(40)}${script}`, { headers: admin });
  await statusOf(bearer('nonsense'));
  emulator.faults.add({ status: 503, path: `/${'nowhere'.repeat(20)}` });
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([wide, phone])('at %o: it fits, and can be used by everybody', async (viewport) => {
    await populate();
    const page = await open({ colorScheme, viewport });
    await page.getByText('reports').waitFor();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBe(viewport.width);
    // As a number from black to white.
    const ground = await page.evaluate(
      'Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])',
    );
    expect(ground).toSatisfy((value: number) => (colorScheme === 'dark' ? value < 50 : value > 200));
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await page.evaluate(axe);
    const violations = await page.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html)))`,
    );
    expect(violations).toEqual([]);
  });
});

describe('what it shows', () => {
  test('is text, whatever it looks like', async () => {
    await populate();
    const page = await open();
    await page.getByRole('cell', { name: image }).first().waitFor();
    await page.getByRole('cell', { name: script }).first().waitFor();
    await page.getByText(`path/${script}`).waitFor();
    await expect
      .poll(() => page.evaluate('document.images.length + document.scripts.length'), patiently)
      .toBe(1);
    expect(await page.evaluate('window.harmed')).toBeUndefined();
  });

  test('changes by itself', async () => {
    const page = await open();
    await page.getByText('No request has arrived yet.').waitFor();
    await statusOf();
    await page.getByText('GET /_security/_authenticate').waitFor();
    emulator.faults.add({ reset: true, path: '/x' });
    await page.getByText('connection reset', { exact: true }).waitFor();
    await page.getByText('broken', { exact: true }).waitFor();
    // Nothing of what the browser asks for meets the emulated Elasticsearch.
    expect(emulator.requests).toHaveLength(1);
  });

  test('is not asked for while nobody can see it', async () => {
    const page = await open();
    await page.clock.install();
    await page.reload();
    await page.getByText('Version 9.5.0').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const setHidden = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await page.clock.runFor(5000);
    await expect.poll(() => asked.length, patiently).toBeGreaterThan(0);
    await setHidden(true);
    await page.clock.runFor(2000);
    asked.length = 0;
    await page.clock.runFor(600_000);
    expect(asked).toEqual([]);
    await setHidden(false);
    await expect.poll(() => asked, patiently).toEqual([`${emulator.url}/_esauth/state`]);
  });

  test('says when the emulator has gone, and when another has come', async () => {
    // A port that nobody is given who asks for any: it has to be free again in a moment.
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    await emulator.close();
    emulator = await startEmulator({ port });
    const page = await open({}, /^Failed to load resource/);
    await emulator.close();
    await page.getByText('does not answer').waitFor();
    emulator = await startEmulator({ port });
    await page.getByText('answers', { exact: true }).waitFor();
    await page.getByRole('button', { name: '+ 1 hour' }).click();
    await page.getByText('The emulator was started anew since this page was loaded.').waitFor();
  });
});

describe('what its buttons do', () => {
  test('time goes forward by what each says', async () => {
    const page = await open();
    for (const [name, ms] of [
      ['+ 1 minute', 60_000],
      ['+ 5 minutes', 300_000],
      ['+ 20 minutes', 1_200_000],
      ['+ 1 hour', 3_600_000],
      ['+ 1 day', 86_400_000],
    ] as const) {
      const before = emulator.clock.now() - Date.now();
      await page.getByRole('button', { name }).click();
      await expect
        .poll(() => Math.round((emulator.clock.now() - Date.now() - before) / 1000), patiently)
        .toBe(ms / 1000);
    }
    await page.getByText('1 d 1 h ahead of this machine').waitFor();
  });

  test('over TLS as well', async () => {
    await emulator.close();
    emulator = await startEmulator({ tls: true });
    const page = await open({ ignoreHTTPSErrors: true });
    expect(page.url()).toBe(`${emulator.url}/_esauth/`);
    await page.getByRole('button', { name: '+ 1 hour' }).click();
    await page.getByText('Time was moved forward.').waitFor();
  });

  test('requests break in each way that is offered, and mend', async () => {
    const page = await open();
    const how = page.getByLabel('Answer with');
    const effects: Readonly<Record<string, () => Promise<unknown>>> = {
      '503, unavailable': async () => expect(await statusOf()).toBe(503),
      '429, overloaded': async () => expect(await statusOf()).toBe(429),
      'the usual, 3 s late': () => answersAfter(3000),
      'nothing at all': () => answersAfter(undefined),
      'a connection reset': () => expect(statusOf()).rejects.toThrow('ECONNRESET'),
      'half of it': () => expect(statusOf()).rejects.toThrow('aborted'),
    };
    expect(await how.locator('option').allTextContents()).toEqual(Object.keys(effects));
    for (const [label, effect] of Object.entries(effects)) {
      await how.selectOption({ label });
      await page.getByRole('button', { name: 'Break', exact: true }).click();
      await page.getByText('every path, until mended').waitFor();
      await effect();
      await page.getByRole('button', { name: /^Mend: / }).click();
      await page.getByText('Nothing is broken.').waitFor();
      expect(await statusOf()).toBe(200);
    }
  });

  test('the cluster gets into each state that there is, and out of it', async () => {
    const page = await open();
    const label = 'The whole cluster';
    const state = page.getByLabel(label);
    const offered = await state.locator('option').allTextContents();
    // Whoever asks for none of them is told them all.
    const all = `cluster: the state must be one of "${offered.join('", "')}"`;
    expect(() => emulator.cluster('on fire' as never)).toThrow(new RangeError(all));
    for (const name of offered) {
      await state.selectOption({ label: name });
      await page.getByRole('button', { name: 'Break the cluster' }).click();
      await page.getByRole('button', { name: `Mend: ${name}, the cluster` }).click();
      await page.getByText('Nothing is broken.').waitFor();
    }
    await state.selectOption({ label: 'licence expired' });
    await page.getByRole('button', { name: 'Break the cluster' }).click();
    await page.getByText('the cluster, until mended').waitFor();
    const health = () => send(`${emulator.url}/_cluster/health`, { headers: admin });
    expect((await health()).status).toBe(403);
    await page.getByRole('button', { name: 'Mend everything' }).click();
    await page.getByText('Nothing is broken.').waitFor();
    expect((await health()).status).toBe(200);
  });

  /** That an answer comes when so much of the emulator's time has passed, or never. */
  async function answersAfter(ms: number | undefined): Promise<void> {
    let answered = false;
    const arrived = emulator.requests.length;
    const answer = statusOf().then(
      () => {
        answered = true;
      },
      () => undefined,
    );
    await expect.poll(() => emulator.requests.length, patiently).toBe(arrived + 1);
    await emulator.clock.advance(2000);
    expect(answered).toBe(false);
    await emulator.clock.advance(86_400_000);
    if (ms !== undefined) await answer;
    expect(answered).toBe(ms !== undefined);
  }

  test('as many requests break as are asked for, and everything mends at once', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'Requests' }).selectOption({ label: 'the next five' });
    await page.getByRole('button', { name: 'Break', exact: true }).click();
    await page.getByText('every path, 5 times more').waitFor();
    await statusOf();
    await page.getByText('every path, 4 times more').waitFor();
    await page.getByRole('combobox', { name: 'Requests' }).selectOption({ label: 'the next one' });
    await page.getByRole('button', { name: 'Break', exact: true }).click();
    await page.getByText('every path, once more').waitFor();
    await page.getByRole('button', { name: 'Mend everything' }).click();
    await page.getByText('Nothing is broken.').waitFor();
    expect(await statusOf()).toBe(200);
  });

  test('a key, a token and a service token end, each with its button', async () => {
    const key = await post('/_security/api_key', { name: 'reports' });
    const other = await post('/_security/api_key', { name: 'other' });
    const token = await post('/_security/oauth2/token', { grant_type: 'client_credentials' });
    const service = await post('/_security/service/elastic/kibana/credential/token/t1');
    const page = await open();
    const press = (name: RegExp) => page.getByRole('button', { name }).click();

    await press(/^Invalidate the API key reports /);
    await page.getByText('The API key reports was invalidated.').waitFor();
    expect(await statusOf(apiKey(key.encoded))).toBe(401);
    expect(await statusOf(apiKey(other.encoded))).toBe(200);
    await press(/^Invalidate token 1 /);
    await page.getByText('The token was invalidated.').waitFor();
    expect(await statusOf(bearer(token.access_token))).toBe(401);
    await press(/^Delete elastic\/kibana, service token t1/);
    await page.getByText('There is no live token.').waitFor();
    expect(await statusOf(bearer(service.token.value))).toBe(401);
  });

  test.each([
    ['token', 'token'],
    ['API key', 'api_key'],
  ])('a %s is made, and copied', async (what, type) => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.locator('#make-of').selectOption('alice');
    await page.getByRole('button', { name: `Make a${what === 'token' ? '' : 'n'} ${what}` }).click();
    await page.getByText(`Made: a new ${what} of alice.`).waitFor(patiently);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied.').waitFor(patiently);
    const header = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(header).toMatch(/^Authorization: (Bearer|ApiKey) \S+$/);
    const authorization = header.slice('Authorization: '.length);
    const me = await send(`${emulator.url}/_security/_authenticate`, { headers: { authorization } });
    expect(me.json).toMatchObject({ username: 'alice', authentication_type: type });
    // What is made stays while the page goes on to look.
    await page.getByText('alice').first().waitFor(patiently);
    expect(await page.locator('#make-of').inputValue()).toBe('alice');
  });

  test('what can not be made is said', async () => {
    await emulator.close();
    emulator = await startEmulator({ tokenService: false });
    const page = await open({}, /400/);
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByText('the option "tokenService" of startEmulator turned tokens off').waitFor(patiently);
    expect(await page.getByRole('button', { name: 'Copy' }).isVisible()).toBe(false);
  });

  test('all tokens of a user end', async () => {
    const pair = { grant_type: 'password', username: 'alice', password: 'secret' };
    const { access_token } = await post('/_security/oauth2/token', pair);
    const other = await post('/_security/oauth2/token', { grant_type: 'client_credentials' });
    const page = await open();
    await page.getByRole('button', { name: 'End tokens of alice' }).click();
    await page.getByText('2 of the tokens of alice were invalidated.').waitFor();
    expect(await statusOf(bearer(access_token))).toBe(401);
    expect(await statusOf(bearer(other.access_token))).toBe(200);
  });

  test('the keyboard is enough, and is not lost when what it was on goes away', async () => {
    const { encoded } = await post('/_security/api_key', { name: 'reports' });
    const page = await open();
    const focused = () => page.evaluate('document.activeElement.innerText');
    await page.getByText('reports').waitFor();
    for (let i = 0; i < 30 && (await focused()) !== 'Invalidate'; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('There is no live API key.').waitFor();
    expect(await statusOf(apiKey(encoded))).toBe(401);
    expect(await focused()).toBe('Live API keys 0');
  });
});

describe('another site in the same browser', () => {
  /** A page of somebody else, at another port of this machine or by another name. */
  async function elsewhere(name: string): Promise<Page> {
    const server = createServer((_, response) => response.end('<!doctype html><title>other</title>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const context = await browser.newContext();
    onTestFinished(async () => {
      await context.close();
      server.close();
    });
    const page = await context.newPage();
    // A server on a port, not on a pipe, has such an address.
    await page.goto(`http://${name}:${(server.address() as AddressInfo).port}/`);
    return page;
  }

  /** Nobody has pressed the button. */
  function isUntouched(): boolean {
    return emulator.clock.now() - Date.now() < 1000;
  }

  test.each(['127.0.0.1', 'localhost'])('can press no button and read nothing: from %s', async (name) => {
    const page = await elsewhere(name);
    const { status } = await send(`${emulator.url}/_esauth/state`);
    expect(status).toBe(200);
    const token = (await send(`${emulator.url}/_esauth/`)).text.match(/content="([\w-]{32})"/)?.[1];
    const outcomes = await page.evaluate(
      async ([url, known]) => {
        const body = JSON.stringify({ action: 'advance', ms: 3_600_000 });
        const headers = { 'content-type': 'application/json', 'x-esauth-token': known ?? '' };
        const tries = [
          fetch(`${url}/_esauth/state`),
          fetch(`${url}/_esauth/`),
          fetch(`${url}/_esauth/act`, { method: 'POST', headers, body }),
          // Goes out without asking for leave, and can neither carry the token nor be read.
          fetch(`${url}/_esauth/act`, { method: 'POST', mode: 'no-cors', body }),
        ];
        return (await Promise.allSettled(tries)).map((one) =>
          one.status === 'fulfilled' ? one.value.type : 'refused',
        );
      },
      [emulator.url, token] as const,
    );
    expect(outcomes).toEqual(['refused', 'refused', 'refused', 'refused']);
    expect(isUntouched()).toBe(true);
  });

  test('can send no form', async () => {
    const page = await elsewhere('localhost');
    const answer = page.waitForResponse(/\/_esauth\/act$/);
    await page.evaluate((url) => {
      const html = `<form method="post" enctype="text/plain" action="${url}/_esauth/act"><input name='{"action":"advance","ms":3600000,"x":"' value='"}'></form>`;
      const document = new Function('return document')();
      document.body.innerHTML = html;
      document.forms[0].submit();
    }, emulator.url);
    expect((await answer).status()).toBe(403);
    expect(isUntouched()).toBe(true);
  });

  test('can put no frame around it', async () => {
    const page = await elsewhere('localhost');
    const blocked = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    await page.evaluate((url) => {
      const document = new Function('return document')();
      document.body.innerHTML = `<iframe src="${url}/_esauth/"></iframe>`;
    }, emulator.url);
    await blocked;
  });

  test('gets nothing under a name that it has pointed here', async () => {
    const page = await (await browser.newContext()).newPage();
    onTestFinished(() => page.context().close());
    const rebound = emulator.url.replace('127.0.0.1', 'rebound.example');
    const response = await page.goto(`${rebound}/_esauth/`);
    expect(response?.status()).toBe(403);
  });
});
