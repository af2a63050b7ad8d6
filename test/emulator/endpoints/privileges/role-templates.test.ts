/**
 * Role mappings whose roles are templates. What they may be and become is `TemplateRoleName`, what they know of a
 * user `UserRoleMapper.UserData.asModel`, and what a failure of a realm is called
 * `DefaultAuthenticationFailureHandler`.
 */

import type { EmulatorOptions } from '@esauth/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bearer } from '../../../support/http-client.js';
import { rsaKey, signJwt } from '../../../support/jwt.js';
import { type Cluster, emulated } from '../../cluster.js';

const own = rsaKey({ kid: 'own' });
const options: EmulatorOptions = {
  jwtRealms: [
    {
      allowedIssuer: 'https://issuer.example',
      allowedAudiences: ['es01'],
      pkcJwkset: { keys: [own.jwk] },
      claims: { principal: 'sub', groups: 'groups', dn: 'dn' },
      clientAuthentication: { type: 'none' },
    },
  ],
  kerberosTickets: { dGlja2V0: { username: 'bob@EXAMPLE', roles: ['of the ticket'] } },
};

let cluster: Cluster;
beforeEach(async () => {
  cluster = await emulated(options);
});
afterEach(() => cluster.close());

function put(role_templates: unknown, name = 'm') {
  const rules = { field: { username: '*' } };
  return cluster.ask(`PUT /_security/role_mapping/${name}`, {
    body: { role_templates, enabled: true, rules },
  });
}

async function whoIs(headers: Record<string, string>) {
  const { status, json } = await cluster.ask('GET /_security/_authenticate', { headers });
  return { status, json };
}

async function alice() {
  const claims = {
    iss: 'https://issuer.example',
    aud: 'es01',
    sub: 'alice',
    groups: ['admins', 'staff'],
    level: 3,
  };
  return bearer(await signJwt(own.privateKey, claims, Date.now()));
}

async function rolesOfAlice(...templates: unknown[]): Promise<string[]> {
  expect((await put(templates)).status).toBe(200);
  const { status, json } = await whoIs(await alice());
  expect(status).toBe(200);
  return json.roles;
}

describe('a template gives', () => {
  test.each([
    ['one role', { template: { source: 'of {{username}}' } }, ['of alice']],
    ['as a text, too', { template: '{"source":"of {{username}}"}' }, ['of alice']],
    ['as a text that is the script', { template: '"of {{username}}"' }, ['of alice']],
    ['the same, called so', { template: { source: 'of {{username}}' }, format: 'STRING' }, ['of alice']],
    [
      'several',
      { template: { source: '{{#tojson}}groups{{/tojson}}' }, format: 'json' },
      ['admins', 'staff'],
    ],
    ['one in JSON', { template: { source: '"{{realm.name}}"' }, format: 'json' }, ['jwt1']],
    ['none', { template: { source: '[null]' }, format: 'json' }, []],
    ['metadata', { template: { source: 'level {{metadata.jwt_claim_level}}' } }, ['level 3']],
    [
      'parameters',
      { template: { source: '{{a}}{{username}}', params: { a: 'x', username: 'y' } } },
      ['xalice'],
    ],
    [
      'nothing of what is not there',
      { template: { source: '[{{dn}}{{constructor}}{{_user.username}}]' } },
      ['[]'],
    ],
  ])('%s', async (_about, template, expected) => {
    expect(await rolesOfAlice(template)).toEqual(expected);
  });

  test('together with others, each role once', async () => {
    const templates = [{ template: { source: 'a' } }, { template: { source: '["a","b"]' }, format: 'json' }];
    expect(await rolesOfAlice(...templates)).toEqual(['a', 'b']);
  });

  test('a role that counts', async () => {
    await cluster.ask('PUT /_security/role/of%20admins', { body: { cluster: ['monitor'] } });
    await rolesOfAlice({ template: { source: 'of {{groups.0}}' } });
    const { status } = await cluster.ask('GET /_cluster/health', { headers: await alice() });
    expect(status).toBe(200);
  });

  test('roles to those of Kerberos', async () => {
    await put([{ template: { source: 'of {{username}}' } }]);
    const { json } = await whoIs({ authorization: 'Negotiate dGlja2V0' });
    expect(json.roles).toEqual(['of the ticket', 'of bob@EXAMPLE']);
  });

  test('nothing if the mapping is not meant', async () => {
    const body = {
      role_templates: [{ template: { source: 'a' } }],
      enabled: false,
      rules: { field: { username: '*' } },
    };
    await cluster.ask('PUT /_security/role_mapping/m', { body });
    expect((await whoIs(await alice())).json.roles).toEqual([]);
  });
});

test('templates are shown as texts, with their formats', async () => {
  await put([
    { template: { source: '{{username}}', params: { a: 1 } } },
    { template: '"x"', format: 'JSON' },
  ]);
  const { json } = await cluster.ask('GET /_security/role_mapping/m');
  expect(json.m).toEqual({
    enabled: true,
    role_templates: [
      { template: '{"source":"{{username}}","params":{"a":1}}', format: 'string' },
      { template: '"x"', format: 'json' },
    ],
    rules: { field: { username: '*' } },
    metadata: {},
  });
});

describe('a template that gives no roles fails whoever signs in', () => {
  test.each([
    [
      '{}',
      'x_content_parse_exception',
      'Roles template must generate a string or an array of strings, but found [START_OBJECT]',
    ],
    [
      '["a", 5]',
      'x_content_parse_exception',
      'Roles array may only contain strings but found [java.lang.Integer] [5]',
    ],
    [
      '[{"a":1}]',
      'x_content_parse_exception',
      'Roles array may only contain strings but found [java.util.HashMap] [{"a":1}]',
    ],
    [
      '{{username}}',
      'x_content_parse_exception',
      expect.stringMatching(/^\[1:6\] Unrecognized token 'alice'/),
    ],
  ])('%s', async (source, type, reason) => {
    expect((await put([{ template: { source }, format: 'json' }])).status).toBe(200);
    const { status, json } = await whoIs(await alice());
    const { type: shown, reason: why, caused_by: cause } = json.error;
    expect({ status, shown, why, cause }).toEqual({
      status: 401,
      shown: 'security_exception',
      why: 'error attempting to authenticate request',
      cause: expect.objectContaining({ type, reason }),
    });
    const negotiated = await whoIs({ authorization: 'Negotiate dGlja2V0' });
    expect([negotiated.status, negotiated.json.error.reason]).toEqual([
      401,
      'error attempting to authenticate request',
    ]);
  });
});

describe('what can not be filled in is not stored', () => {
  test.each([
    [
      { id: 'one' },
      {
        type: 'illegal_argument_exception',
        reason: 'ResourceNotFoundException[unable to find script [one] in cluster state]',
        caused_by: {
          type: 'resource_not_found_exception',
          reason: 'unable to find script [one] in cluster state',
        },
      },
    ],
    [
      { source: '{{#a}}' },
      {
        type: 'illegal_argument_exception',
        reason:
          "ScriptException[Failed to close 'a' tag @[query-template:1]]; nested: MustacheException[Failed to close 'a' tag @[query-template:1]];",
        caused_by: expect.objectContaining({ type: 'script_exception', script: '{{#a}}', lang: 'mustache' }),
      },
    ],
    [
      {},
      {
        type: 'illegal_argument_exception',
        reason: 'must specify either [source] for an inline script or [id] for a stored script',
      },
    ],
    [
      { source: 'a', lng: 'b' },
      {
        type: 'x_content_parse_exception',
        reason: '[1:15] [script] unknown field [lng] did you mean [lang]?',
      },
    ],
  ])('%j', async (template, error) => {
    const { status, json } = await put([{ template }]);
    const { root_cause: _root, ...shown } = json.error;
    expect([status, shown]).toEqual([400, error]);
    expect((await cluster.ask('GET /_security/role_mapping/m')).status).toBe(404);
  });

  test.each([
    [[{ template: 'a', format: 'xml' }], 'Invalid format [xml] expected one of [json,string]'],
    [
      [{ template: 'a', fromat: 'json' }],
      '[role-mapping-template] unknown field [fromat] did you mean [format]?',
    ],
    [[{ template: 5 }], "[role-mapping-template] template doesn't support values of type: VALUE_NUMBER"],
    [[{}], 'Required [template]'],
    [[5], '[role-mapping-template] Expected START_OBJECT but was: VALUE_NUMBER'],
    ['a', "[role-mapping] role_templates doesn't support values of type: VALUE_STRING"],
  ])('%j', async (templates, why) => {
    const { status, json } = await put(templates);
    const { type, line } = json.error;
    expect([status, type, line]).toEqual([400, 'parsing_exception', 1]);
    expect(JSON.stringify(json.error)).toContain(why);
  });
});
