import { inspect } from 'node:util';
import * as door from '@esauth/core';
import { describe, expect, test, vi } from 'vitest';
import { DenialError } from '../../../packages/core/src/values/denial.js';
import {
  ConfigurationError,
  InvalidArgumentError,
  LookupError,
} from '../../../packages/core/src/values/errors.js';
import { worded } from '../../../packages/core/src/values/messages.js';

const failure = {
  node: 'https://es:9200/',
  upstreamStatus: 401,
  type: 'security_exception',
  reason: 'unable to authenticate',
};
const denial = {
  status: 403,
  headers: {},
  body: { type: 'about:blank', title: 'Forbidden', status: 403, code: 'forbidden', detail: 'no' },
} as const;

const makers = {
  ConfigurationError: () => new ConfigurationError('cache.ttlMs', 'must be a number'),
  InvalidArgumentError: () => new InvalidArgumentError('revoke: takes a subject'),
  LookupError: () => new LookupError('server_error', 'Elasticsearch answered 500', failure),
  DenialError: () => new DenialError(denial),
};
const classes = { ConfigurationError, InvalidArgumentError, LookupError, DenialError };
// The cast holds: the keys of a literal.
const names = Object.keys(makers) as (keyof typeof makers)[];

test.each<[keyof typeof makers, Record<string, unknown>]>([
  [
    'ConfigurationError',
    {
      code: 'invalid_option',
      option: 'cache.ttlMs',
      message: worded('invalid_option', 'cache.ttlMs: must be a number'),
    },
  ],
  [
    'InvalidArgumentError',
    { code: 'invalid_argument', message: worded('invalid_argument', 'revoke: takes a subject') },
  ],
  [
    'LookupError',
    { code: 'server_error', message: worded('server_error', 'Elasticsearch answered 500'), ...failure },
  ],
  ['DenialError', { code: 'forbidden', message: 'no', status: 403 }],
])('%s says what happened', (name, members) => {
  const error = makers[name]();
  expect(error).toMatchObject({ name, ...members });
  expect(error).toBeInstanceOf(Error);
  // Those that are kept hold nobody's functions, and with them what they saw.
  if (name === 'LookupError' || name === 'DenialError') expect(error.stack).toBe(String(error));
  else expect(error.stack).toContain('errors.test.ts');
  expect(String(error)).toBe(`${name}: ${members.message}`);
});

test('a LookupError without an answer knows no more than its code', () => {
  const { code, node, upstreamStatus, type, reason } = new LookupError('timeout', 'late');
  expect([code, node, upstreamStatus, type, reason]).toEqual(['timeout', ...Array(4).fill(undefined)]);
});

test('frameworks answer a LookupError that reaches them with 503, and never with what Elasticsearch answered', () => {
  const { status, statusCode, expose } = makers.LookupError();
  expect([status, statusCode, expose]).toEqual([503, 503, false]);
});

describe('instanceof', () => {
  test.each(names)('knows %s from all others', (name) => {
    for (const other of names) expect(makers[name]() instanceof classes[other]).toBe(name === other);
  });

  test('takes no value for an error', () => {
    const look = { name: 'LookupError', code: 'timeout' };
    for (const value of [undefined, null, 'LookupError', 42, {}, look, new Error('LookupError'), () => {}]) {
      for (const name of names) expect((value as unknown) instanceof classes[name]).toBe(false);
    }
  });

  test('knows the errors of a second copy of the package', async () => {
    vi.resetModules();
    const second = await import('@esauth/core');
    expect(second.LookupError).not.toBe(door.LookupError);
    expect(new second.LookupError('timeout', 'late') instanceof door.LookupError).toBe(true);
    expect(new second.ConfigurationError('nodes', 'required') instanceof door.ConfigurationError).toBe(true);
    expect(new second.InvalidArgumentError('x') instanceof door.InvalidArgumentError).toBe(true);
    expect(new second.DenialError(denial) instanceof door.DenialError).toBe(true);
    expect(new second.LookupError('timeout', 'late') instanceof door.ConfigurationError).toBe(false);
  });
});

test('the mark that makes instanceof work does not show', () => {
  for (const name of names) {
    expect(inspect(makers[name](), { depth: 5 })).not.toContain('Symbol(');
    expect(Object.getOwnPropertySymbols({ ...makers[name]() })).toEqual([]);
  }
});
