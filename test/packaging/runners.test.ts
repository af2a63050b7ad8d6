// The test runners of users, as they are without a word of configuration, with the same check of an API: Jest, which
// takes everything for CommonJS, Vitest, and Node's own.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { add, node, scratch } from './scratch.js';

const toolFolder = (name: string) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

const required = `
  const check = require('./check.cjs');
  const parts = {
    express: require('express'),
    ours: require('@esauth/express'),
    startEmulator: require('@esauth/emulator').startEmulator,
    supertest: require('supertest'),
  };`;
const imported = `
  import express from 'express';
  import supertest from 'supertest';
  import { startEmulator } from '@esauth/emulator';
  import * as ours from '@esauth/express';
  import check from './check.cjs';
  const parts = { express, ours, startEmulator, supertest };`;
const expectations = `test('api', async () => { expect(await check(parts)).toBe(check.expected); });`;
const assertions = `test('api', async () => { assert.equal(await check(parts), check.expected); });`;

test('Jest, in its CommonJS default', async () => {
  const folder = await scratch({ 'api.test.js': required + expectations, 'package.json': '{}' });
  await add(folder, 'check.cjs');
  const jest = join(toolFolder('jest'), 'bin/jest.js');
  const { code, stderr } = await node([jest, '--watchman=false', '--ci', '--coverage=false'], folder);
  expect(stderr).toMatch(/Tests: +1 passed, 1 total/);
  expect(stderr).not.toMatch(/warn/i);
  expect(code).toBe(0);
});

test('Vitest', async () => {
  const folder = await scratch({ 'api.test.mjs': imported + expectations, 'package.json': '{}' });
  await add(folder, 'check.cjs');
  const vitest = join(toolFolder('vitest'), 'vitest.mjs');
  const { code, stdout, stderr } = await node([vitest, 'run', '--globals', '--root', folder], folder);
  expect(stdout).toMatch(/Tests .*1 passed/);
  expect([code, stderr]).toEqual([0, '']);
});

test.each([
  ['require', 'api.cjs', `const test = require('node:test'), assert = require('node:assert');${required}`],
  ['import', 'api.mjs', `import test from 'node:test'; import assert from 'node:assert';${imported}`],
])('node:test, %s', async (_how, file, start) => {
  const folder = await scratch({ [file]: start + assertions });
  await add(folder, 'check.cjs');
  const { code, stdout, stderr } = await node(['--test', '--test-reporter=tap', file], folder);
  expect(stdout).toMatch(/# pass 1\n# fail 0/);
  expect([code, stderr]).toEqual([0, '']);
});
