import { describe, expect, test } from 'vitest';
import type { RejectionCode, UnavailableCode } from '../../../packages/core/src/values/codes.js';
import type { Presented, Scheme } from '../../../packages/core/src/values/credential.js';
import {
  type Challenge,
  createDenials,
  type Denial,
  DenialError,
} from '../../../packages/core/src/values/denial.js';
import { LookupError } from '../../../packages/core/src/values/errors.js';
import { rejected, unavailable } from '../../../packages/core/src/values/verdict.js';

const denialOf = createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' });

const bearer = 'Bearer realm="elasticsearch"';
const apiKey = 'ApiKey realm="elasticsearch"';
const invalidRequest = 'error="invalid_request"';
const invalidToken = 'error="invalid_token"';
const expiredToken = 'error="invalid_token", error_description="The access token expired"';
const insufficientScope = 'error="insufficient_scope"';

/** Every way to present something, by what the challenge can go by. */
const presentations = {
  nothing: [undefined, null, { authorization: [] }],
  bearer: ['Bearer abc', 'bearer', 'BEARER \0', { authorization: 'Bearer abc' }],
  apiKey: ['ApiKey aWQ6cw==', 'apikey', 'ApiKey , Bearer abc', { authorization: ['ApiKey aWQ6cw=='] }],
  other: ['Negotiate abc', 'Basic YTpi', '', ' Bearer abc', { authorization: ['Bearer a', 'ApiKey b'] }],
} satisfies Record<string, readonly Presented[]>;

type Challenges = Readonly<Record<keyof typeof presentations, readonly string[]>>;
const always = (...challenges: readonly string[]): Challenges => ({
  nothing: challenges,
  bearer: challenges,
  apiKey: challenges,
  other: challenges,
});
const none = always();
const plain = always(bearer, apiKey);

interface Row {
  readonly status: Denial['status'];
  readonly title: string;
  readonly detail: string;
  readonly challenges: Challenges;
}

const rejections: Readonly<Record<RejectionCode, Row>> = {
  credentials_missing: {
    status: 401,
    title: 'Unauthorized',
    detail: 'The request has no Authorization header.',
    challenges: plain,
  },
  scheme_unsupported: {
    status: 401,
    title: 'Unauthorized',
    detail: 'This authentication scheme is not accepted here.',
    challenges: plain,
  },
  credentials_malformed: {
    status: 400,
    title: 'Bad Request',
    detail: 'The Authorization header is malformed.',
    challenges: { ...always(`${bearer}, ${invalidRequest}`), apiKey: [`${apiKey}, ${invalidRequest}`] },
  },
  credentials_invalid: {
    status: 401,
    title: 'Unauthorized',
    detail: 'Elasticsearch does not accept this credential.',
    challenges: {
      ...plain,
      bearer: [`${bearer}, ${invalidToken}`, apiKey],
      apiKey: [bearer, `${apiKey}, ${invalidToken}`],
    },
  },
  credentials_expired: {
    status: 401,
    title: 'Unauthorized',
    detail: 'This credential has expired or was invalidated.',
    challenges: {
      ...plain,
      bearer: [`${bearer}, ${expiredToken}`, apiKey],
      apiKey: [bearer, `${apiKey}, ${expiredToken}`],
    },
  },
  credentials_restricted: {
    status: 403,
    title: 'Forbidden',
    detail: 'This credential is restricted to a workflow that does not include this request.',
    challenges: none,
  },
  anonymous_refused: {
    status: 401,
    title: 'Unauthorized',
    detail: 'Anonymous access is not accepted here.',
    challenges: plain,
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    detail: 'The identity does not meet the requirements of this route.',
    challenges: { ...always(`${bearer}, ${insufficientScope}`), apiKey: [`${apiKey}, ${insufficientScope}`] },
  },
};

const outages: Readonly<Record<UnavailableCode, string>> = {
  timeout: 'Elasticsearch did not answer in time.',
  unreachable: 'Elasticsearch cannot be reached.',
  overloaded: 'Elasticsearch is overloaded.',
  server_error: 'Elasticsearch failed to check the credential.',
  not_elasticsearch: 'The service that checks credentials did not answer as Elasticsearch.',
  bad_response: 'Elasticsearch gave an answer that cannot be used.',
  circuit_open: 'Elasticsearch failed repeatedly and is being left alone for a moment.',
  queue_full: 'Too many credentials are waiting to be checked.',
  closed: 'This service is shutting down.',
};

// The casts hold: the keys of a literal of this type.
const presented = Object.entries(presentations) as [keyof Challenges, readonly Presented[]][];
const rejectionRows = Object.entries(rejections) as [RejectionCode, Row][];
const outageRows = Object.entries(outages) as [UnavailableCode, string][];

describe.each(rejectionRows)('P48: %s', (code, { status, title, detail, challenges }) => {
  test.each(presented)('presented: %s', (name, values) => {
    for (const value of values) {
      expect(denialOf(rejected(code), value)).toStrictEqual({
        status,
        headers: {
          ...(challenges[name].length > 0 && { 'www-authenticate': challenges[name] }),
          'cache-control': 'no-store',
        },
        body: { type: 'about:blank', title, status, code, detail },
      });
    }
  });
});

describe.each(outageRows)('P48: %s', (code, detail) => {
  test.each(presented)('presented: %s', (_name, values) => {
    const cause = new LookupError(code, 'https://es.internal:9200/: connect ECONNREFUSED 10.0.0.7:9200');
    for (const value of values) {
      expect(denialOf(unavailable(cause), value)).toStrictEqual({
        status: 503,
        headers: { 'retry-after': '1', 'cache-control': 'no-store' },
        body: { type: 'about:blank', title: 'Service Unavailable', status: 503, code, detail },
      });
    }
  });
});

test.each([
  [0, '1'],
  [1_000, '1'],
  [1_001, '2'],
  [1_999.5, '2'],
  [2_000, '2'],
  [60_000, '60'],
])('an outage of %s ms asks the client to come back in %s whole seconds', (retryAfterMs, seconds) => {
  const verdict = unavailable(new LookupError('overloaded', 'x'), retryAfterMs);
  expect(denialOf(verdict).headers['retry-after']).toBe(seconds);
});

describe('challenges', () => {
  const challengesOf = (
    schemes: readonly Scheme[],
    challenge: Challenge,
    code: RejectionCode,
    value?: Presented,
  ) => createDenials(schemes, challenge)(rejected(code), value).headers['www-authenticate'];

  test('stand in the order of the schemes, and the first is answered where none was presented', () => {
    const schemes: readonly Scheme[] = ['Basic', 'ApiKey', 'Bearer'];
    const realm = { realm: 'r' };
    expect(challengesOf(schemes, realm, 'credentials_missing')).toEqual([
      'Basic realm="r"',
      'ApiKey realm="r"',
      'Bearer realm="r"',
    ]);
    expect(challengesOf(schemes, realm, 'credentials_malformed')).toEqual([
      'Basic realm="r", error="invalid_request"',
    ]);
    expect(challengesOf(schemes, realm, 'credentials_invalid', 'basic YTpi')).toEqual([
      'Basic realm="r", error="invalid_token"',
      'ApiKey realm="r"',
      'Bearer realm="r"',
    ]);
  });

  test.each<[RejectionCode, readonly string[]]>([
    ['credentials_missing', ['Bearer realm="r", M', 'ApiKey realm="r"']],
    ['credentials_invalid', ['Bearer realm="r", error="invalid_token", M', 'ApiKey realm="r"']],
    ['credentials_malformed', ['Bearer realm="r", error="invalid_request", M']],
    ['forbidden', ['Bearer realm="r", error="insufficient_scope", M']],
  ])('of Bearer name the resource metadata, those of others do not: %s', (code, expected) => {
    const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource';
    const challenge = { realm: 'r', resourceMetadata };
    const filled = expected.map((line) => line.replace('M', `resource_metadata="${resourceMetadata}"`));
    expect(challengesOf(['Bearer', 'ApiKey'], challenge, code, 'Bearer abc')).toEqual(filled);
  });

  test('of ApiKey carry no resource metadata, 400 and 403 included', () => {
    const challenge = { realm: 'r', resourceMetadata: 'https://api.example.com/' };
    for (const code of ['credentials_malformed', 'forbidden'] as const) {
      expect(String(challengesOf(['Bearer', 'ApiKey'], challenge, code, 'ApiKey x'))).not.toContain(
        'metadata',
      );
    }
  });

  test('P35: a realm with quotes and backslashes stays one quoted-string', () => {
    const challenge = { realm: '"; \\" x="', resourceMetadata: 'https://api.example.com/?q=\\' };
    expect(challengesOf(['Bearer'], challenge, 'credentials_missing')).toEqual([
      'Bearer realm="\\"; \\\\\\" x=\\"", resource_metadata="https://api.example.com/?q=\\\\"',
    ]);
  });
});

describe('DenialError', () => {
  const denial = denialOf(rejected('credentials_invalid'), 'Bearer abc');
  const error = new DenialError(denial);

  test('carries the whole answer where frameworks look for it', () => {
    expect(error).toMatchObject({
      name: 'DenialError',
      message: 'Elasticsearch does not accept this credential.',
      code: 'credentials_invalid',
      status: 401,
      statusCode: 401,
      headers: denial.headers,
      body: denial.body,
      expose: true,
    });
    expect(error.headers).not.toHaveProperty('content-type');
    expect(error.cause).toBeUndefined();
  });

  test('hands out its own copy of the headers, which frameworks add to', () => {
    const { 'www-authenticate': challenges } = new DenialError(denial).headers;
    if (Array.isArray(challenges)) challenges.push('Negotiate');
    expect(challenges).toHaveLength(3);
    expect(denial.headers['www-authenticate']).toHaveLength(2);
  });

  test('an outage has no challenge but a time to come back', () => {
    const outage = new DenialError(denialOf(unavailable(new LookupError('timeout', 'x'), 5_000)));
    expect(outage).toMatchObject({ status: 503, statusCode: 503, code: 'timeout' });
    expect(outage.headers).toEqual({ 'retry-after': '5', 'cache-control': 'no-store' });
  });
});

test('what one request does to its refusal, no other sees', () => {
  for (const verdict of [
    rejected('credentials_invalid'),
    rejected('credentials_missing'),
    unavailable(new LookupError('queue_full', 'full')),
  ]) {
    const before = structuredClone(denialOf(verdict, 'Bearer a'));
    const mine = denialOf(verdict, 'Bearer a') as {
      headers: Record<string, string | string[]>;
      body: { detail: string };
    };
    for (const value of Object.values(mine.headers)) if (Array.isArray(value)) value.push('x');
    mine.headers['cache-control'] = 'public';
    mine.body.detail = 'mine';
    expect(denialOf(verdict, 'Bearer a')).toEqual(before);
  }
});

test('refusals that differ in scheme or in the time to wait are not taken for each other', () => {
  const of = (ms: number) =>
    denialOf(unavailable(new LookupError('overloaded', 'busy'), ms)).headers['retry-after'];
  expect([of(0), of(5_000), of(0)]).toEqual(['1', '5', '1']);
  const challenge = (presented: string) =>
    denialOf(rejected('credentials_malformed'), presented).headers['www-authenticate'];
  expect(challenge('Bearer a,b')).toEqual([`${bearer}, ${invalidRequest}`]);
  expect(challenge('ApiKey a,b')).toEqual([`${apiKey}, ${invalidRequest}`]);
  const detail = (presented: string) => denialOf(rejected('credentials_malformed'), presented).body.detail;
  expect(detail('ApiKey id:secret')).toContain('encoded');
  expect(detail('ApiKey a,b')).not.toContain('encoded');
});
