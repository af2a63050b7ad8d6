// What a reader copies must work: every JavaScript block of the readmes parses, and imports only what is there.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as client from '@esauth/client';
import * as core from '@esauth/core';
import * as emulator from '@esauth/emulator';
import * as express from '@esauth/express';
import * as fastify from '@esauth/fastify';
import * as koa from '@esauth/koa';
import * as opentelemetry from '@esauth/opentelemetry';
import * as redis from '@esauth/redis';
import { expect, test } from 'vitest';

const doors: Readonly<Record<string, object>> = {
  '@esauth/client': client,
  '@esauth/core': core,
  '@esauth/emulator': emulator,
  '@esauth/express': express,
  '@esauth/fastify': fastify,
  '@esauth/koa': koa,
  '@esauth/opentelemetry': opentelemetry,
  '@esauth/redis': redis,
};
const readmes = [
  'README.md',
  'packages/client/README.md',
  'packages/core/README.md',
  'packages/express/README.md',
  'packages/koa/README.md',
  'packages/fastify/README.md',
  'packages/emulator/README.md',
  'packages/opentelemetry/README.md',
  'packages/redis/README.md',
];

test.each(readmes)('%s', async (readme) => {
  const text = await readFile(new URL(`../../${readme}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(blocks.length).toBeGreaterThan(0);
  const folder = await mkdtemp(join(tmpdir(), 'readme-'));
  for (const code of blocks) {
    await writeFile(join(folder, 'block.mjs'), code);
    await promisify(execFile)(process.execPath, ['--check', join(folder, 'block.mjs')]);
    for (const [, names = '', door = ''] of code.matchAll(/import \{ ([^}]*) \} from '(@esauth\/[^']*)'/g)) {
      for (const name of names.split(', ')) expect(doors[door]).toHaveProperty(name);
    }
  }
  await rm(folder, { recursive: true });
});
