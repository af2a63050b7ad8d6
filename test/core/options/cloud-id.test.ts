// The Cloud ID in place of nodes: which node it names, and what is none.

import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../packages/core/src/options/options.js';
import { canary, refusalOf } from '../../support/refused-options.js';

describe('a Cloud ID', () => {
  const cloudId = (text: string) => `my-deployment:${Buffer.from(text).toString('base64')}`;

  test.each([
    ['of today', cloudId('us-east-1.aws.found.io$abc123$def456'), 'https://abc123.us-east-1.aws.found.io/'],
    [
      'with a port',
      cloudId('us-east-1.aws.found.io:9243$abc123$'),
      'https://abc123.us-east-1.aws.found.io:9243/',
    ],
    ['with a port of its own', cloudId('cloud.example:443$abc:9244$x'), 'https://abc.cloud.example:9244/'],
    ['without a name', Buffer.from('cloud.example$abc').toString('base64'), 'https://abc.cloud.example/'],
  ])('%s', (_what, given, url) => {
    expect(readOptions({ cloudId: given }).nodes.map(String)).toEqual([url]);
  });

  test.each([
    '',
    42,
    null,
    canary,
    cloudId(canary),
    cloudId('$'),
    cloudId('host$'),
    cloudId('a b$c'),
    cloudId('u@h$c'),
  ])('%j is none', (given) => {
    expect(refusalOf({ cloudId: given })).toEqual({
      option: 'cloudId',
      message: 'cloudId: must be the Cloud ID that the deployment shows',
    });
  });
});
