// Where a token source keeps its tokens: files, and stores that hang.

import { execFile } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import {
  fileTokenStore,
  memoryTokenStore,
  type StoredTokens,
  type TokenStore,
  UnreadableTokensError,
} from '@esauth/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { warningsDuring } from '../support/warnings.js';
import { emulator, grants, minute, signIn, source, useTokens, whose } from './token-scene.js';

useTokens();

describe('a store that hangs', () => {
  const hanging: TokenStore = { get: () => new Promise(() => {}), compareAndSet: async () => true };
  /** Time that passes when it is told to. */
  function clockOf() {
    const timers = new Set<() => void>();
    const after = (_: number, callback: () => void) => {
      timers.add(callback);
      return () => void timers.delete(callback);
    };
    const fire = () => {
      for (const each of [...timers]) {
        timers.delete(each);
        each();
      }
    };
    return { timers, fire, clock: { wall: () => emulator.clock.now(), after } };
  }

  test('keeps nobody waiting who has a valid token, and is asked again', async () => {
    const real = memoryTokenStore();
    let get = real.get;
    const { clock, fire, timers } = clockOf();
    const it = source({ clock, store: { get: () => get(), compareAndSet: real.compareAndSet } });
    const header = await it.authorization();
    get = hanging.get;
    await emulator.clock.advance(17 * minute);
    expect(await it.authorization()).toBe(header);
    expect(await it.authorization()).toBe(header);
    get = real.get;
    await expect.poll(() => timers.size).toBe(1);
    fire();
    await emulator.clock.advance(minute);
    await it.authorization();
    await expect.poll(() => it.authorization()).not.toBe(header);
  });

  test('is an error for whoever has none, and for a logout', async () => {
    const { clock, fire, timers } = clockOf();
    const it = source({ clock, store: hanging });
    for (const ask of [it.authorization, it.invalidate]) {
      const failed = expect(ask()).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('no answer of the store in 10000 ms'),
      });
      await expect.poll(() => timers.size).toBe(1);
      fire();
      await failed;
    }
  });
});

describe('a store in a file', () => {
  async function path(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'esauth-tokens-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return join(folder, 'tokens.json');
  }

  test('is readable by its owner alone, and one of many wins', async () => {
    const file = await path();
    const store = fileTokenStore(file);
    expect(await store.get()).toBeUndefined();
    const tokens = await signIn();
    const others = Array.from({ length: 10 }, (_, n) => ({ ...tokens, accessToken: `token ${n}` }));
    const won = await Promise.all(others.map((next) => fileTokenStore(file).compareAndSet(undefined, next)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await store.get()).toEqual(others[won.indexOf(true)]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await store.compareAndSet(others[won.indexOf(true)], undefined)).toBe(true);
    expect(await store.get()).toBeUndefined();
  });

  test('survives a process that died with the lock', async () => {
    const file = await path();
    await writeFile(`${file}.lock`, '');
    const past = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, past, past);
    expect(await fileTokenStore(file).compareAndSet(undefined, await signIn())).toBe(true);
  });

  // Windows has no such pipes.
  test.skipIf(process.platform === 'win32')(
    'does not overwrite what came while its process was stopped with the lock',
    async () => {
      const file = await path();
      const [first, second] = [await signIn(), await signIn()];
      // Whoever reads a pipe is stopped until somebody writes into it.
      await promisify(execFile)('mkfifo', [file]);
      const call = fileTokenStore(file).compareAndSet(first, { ...first, accessToken: 'too late' });
      await expect.poll(() => readFile(`${file}.lock`, 'utf8').catch(() => '')).not.toBe('');
      // Another process has taken the lock for one of a process that died.
      await writeFile(`${file}.lock`, 'somebody else');
      await writeFile(file, JSON.stringify(first));
      await rm(file);
      await writeFile(file, JSON.stringify(second));
      await rm(`${file}.lock`);
      expect(await call).toBe(false);
      expect(await fileTokenStore(file).get()).toEqual(second);
    },
  );

  test.skipIf(process.platform === 'win32')('stays one behind links to it, after a logout too', async () => {
    const file = await path();
    const links = [`${file}.link`, `${file}.other`] as const;
    await symlink('tokens.json', links[0]);
    await symlink(links[0], links[1]);
    const stores = [fileTokenStore(file), ...links.map((link) => fileTokenStore(link))];
    let before: StoredTokens | undefined;
    for (const [at, store] of [...stores, ...stores].entries()) {
      const next = at === 2 ? undefined : await signIn();
      expect(await store.compareAndSet(before, next)).toBe(true);
      before = next;
      for (const each of stores) expect(await each.get()).toEqual(next);
    }
    for (const link of links) expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });

  test.skipIf(process.platform === 'win32')('that is a link to itself is an error', async () => {
    const file = await path();
    await symlink(file, file);
    await expect(fileTokenStore(file).compareAndSet(undefined, await signIn())).rejects.toThrow('ELOOP');
  });

  test('whose folder is not there, or takes nothing: what came is given, until it has to be renewed', async () => {
    const it = source({ store: fileTokenStore(join(await path(), 'tokens.json')) });
    let header = '';
    const warnings = await warningsDuring(async () => {
      header = await it.authorization();
      expect(await whose(header)).toBe('alice');
      await emulator.clock.advance(19 * minute);
      // Said once, however often storing it is tried.
      for (let use = 0; use < 3; use += 1) {
        expect(await it.authorization()).toBe(header);
        await emulator.clock.advance(1_000);
      }
    });
    expect(warnings).toMatchObject([{ message: expect.stringContaining('this process alone: ENOENT. See') }]);
    await emulator.clock.advance(minute);
    await expect(it.authorization()).rejects.toThrow('ENOENT');
    expect(grants()).toBe(1);
  });

  test('leaves nothing beside it, also if it can not be written', async () => {
    const file = await path();
    await fileTokenStore(file).compareAndSet(undefined, await signIn());
    await rm(file);
    await mkdir(file);
    await expect(fileTokenStore(file).compareAndSet(undefined, await signIn())).rejects.toThrow('EISDIR');
    expect(await readdir(join(file, '..'))).toEqual(['tokens.json']);
  });

  test.each([
    '{"accessToken":"c4n4ry-c4n4ry"}',
    '{"accessToken":"c4n4ry-c4n4ry',
    'c4n4ry-c4n4ry',
    'null',
    '',
  ])('says what is wrong with a file, and nothing of what is in it: %s', async (text) => {
    const file = await path();
    await writeFile(file, text);
    const error: Error = await fileTokenStore(file)
      .get()
      .then(
        () => expect.unreachable('there are none'),
        (reason) => reason,
      );
    expect(error).toBeInstanceOf(UnreadableTokensError);
    expect(error).toMatchObject({
      code: 'unreadable_tokens',
      message: expect.stringContaining(`${file} does not`),
    });
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('c4n4ry');
  });
});
