/** Privilege checks that can not be read or make no sense, with Elasticsearch's words for each. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type Expected, emulated, errorBody, expectAnswer, targets } from '../../cluster.js';

const refused = (type: string, reason: string): Expected => ({
  status: 400,
  body: errorBody(400, type, reason),
});
const unreadable = (reason: string): Expected => refused('parse_exception', reason);
const invalid = (problem: string): Expected =>
  refused('action_request_validation_exception', `Validation Failed: 1: ${problem};`);
const illegal = (reason: string): Expected => refused('illegal_argument_exception', reason);

const about = 'elastic/has_privileges';
const application = (more: object): object => ({
  application: [{ application: 'app', privileges: ['a'], resources: ['*'], ...more }],
});
const index = (more: object): object => ({ index: [{ names: ['a'], privileges: ['read'], ...more }] });

const checks: readonly [unknown, Expected][] = [
  [undefined, unreadable('request body or source parameter is required')],
  [
    {},
    unreadable(
      `failed to parse privileges check [${about}]. All privilege fields [cluster,index,applications] are missing`,
    ),
  ],
  [
    [],
    unreadable(
      `failed to parse privileges check [${about}]. expected an object but found [START_ARRAY] instead`,
    ),
  ],
  [{ indices: [] }, unreadable(`failed to parse privileges check [${about}]. unexpected field [indices]`)],
  [{ cluster: [] }, invalid('must specify at least one privilege')],
  [{ cluster: [], index: [], application: [] }, invalid('must specify at least one privilege')],
  [
    { index: {} },
    unreadable(
      `failed to parse indices privileges for role [${about}]. expected field [index] value to be an array, but found [START_OBJECT] instead`,
    ),
  ],
  [
    { index: [{ privileges: ['read'] }] },
    unreadable(`failed to parse indices privileges for role [${about}]. missing required [names] field`),
  ],
  [
    { index: [{ names: 'a' }] },
    unreadable(`failed to parse indices privileges for role [${about}]. missing required [privileges] field`),
  ],
  [
    { index: [{ names: [], privileges: ['read'] }] },
    unreadable(`failed to parse indices privileges for role [${about}]. [names] cannot be an empty array`),
  ],
  [index({ privileges: [] }), illegal('indices privileges must define at least one privilege')],
  [
    index({ field_security: { grant: ['a'] } }),
    unreadable('Field [field_security] is not supported in a has_privileges request'),
  ],
  [
    index({ query: { match_all: {} } }),
    unreadable('Field [query] is not supported in a has_privileges request'),
  ],
  [
    index({ names: ['/a'] }),
    illegal(
      "invalid pattern [/a]. patterns starting with '/' indicate regular expression pattern and therefore must also end with '/'. " +
        "other patterns (those that do not start with '/') will be treated as simple wildcard patterns",
    ),
  ],
  [
    { application: {} },
    unreadable(
      `failed to parse application privileges for role [${about}]. expected field [application] value to be an array, but found [START_OBJECT] instead`,
    ),
  ],
  [
    application({ resources: undefined }),
    unreadable(
      `failed to parse application privileges for role [${about}]. missing required [resources] field`,
    ),
  ],
  [
    application({ privileges: undefined }),
    unreadable(
      `failed to parse application privileges for role [${about}]. missing required [privileges] field`,
    ),
  ],
  [application({ application: undefined }), illegal('application privileges must have an application name')],
  [application({ privileges: [] }), illegal('application privileges must define at least one privilege')],
  [application({ resources: [] }), illegal('application privileges must refer to at least one resource')],
  [application({ application: 'app*' }), invalid("Application names may not contain '*' (found 'app*')")],
  [
    application({ application: 'ap' }),
    invalid("An application name prefix must be at least 3 characters long (found 'ap')"),
  ],
  [
    application({ application: 'App' }),
    invalid("An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found 'App')"),
  ],
  [
    application({ application: 'app x' }),
    invalid("Application names may not contain whitespace (found 'app x')"),
  ],
];

for (const target of targets) {
  describe(target.name, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await target.open();
    });
    afterAll(() => cluster.close());

    test.each(checks)('%j', async (body, expected) => {
      const outgoing = body === undefined ? {} : { body };
      expectAnswer(await cluster.ask('POST /_security/user/_has_privileges', outgoing), expected);
    });
  });
}

describe('names that are no privileges', () => {
  const older =
    'manage_own_api_key,none,cancel_task,delegate_pki,grant_api_key,manage_autoscaling,manage_index_templates,' +
    'manage_logstash_pipelines,manage_oidc,manage_saml,manage_service_account,manage_token,monitor_ml,monitor_rollup,' +
    'monitor_snapshot,monitor_text_structure,monitor_watcher,read_ccr,read_ilm,read_pipeline,read_slm,transport_client,' +
    'create_snapshot,manage_ccr,manage_enrich,manage_ilm,manage_ml,manage_rollup,manage_slm,manage_watcher,' +
    'monitor_data_frame_transforms,monitor_transform,manage_ingest_pipelines,manage_pipeline,manage_api_key,' +
    'manage_data_frame_transforms,manage_transform,manage_security,monitor,manage,all';
  const olderIndex =
    'all,auto_configure,create,create_doc,create_index,delete,delete_index,index,maintenance,manage,' +
    'manage_follow_index,manage_ilm,manage_leader_index,monitor,none,read,read_cross_cluster,view_index_metadata,write';

  test.each([
    [
      { cluster: ['Monitr'] },
      `unknown cluster privilege [monitr]. a privilege must be either one of the predefined cluster privilege names [${older}] or a pattern over one of the available cluster actions`,
    ],
    [
      index({ privileges: ['Raed'] }),
      `unknown index privilege [raed]. a privilege must be either one of the predefined fixed indices privileges [${olderIndex}] or a pattern over one of the available index actions`,
    ],
  ])('%j', async (body, reason) => {
    const cluster = await emulated({ version: '7.17' });
    expectAnswer(await cluster.ask('GET /_security/user/_has_privileges', { body }), illegal(reason));
    await cluster.close();
  });

  test.each([
    ['read_security', '8.4', '8.5'],
    ['cross_cluster_search', '8.9', '8.10'],
    ['clone_api_key', '9.3', '9.4'],
  ])('%s is not known in %s, and is in %s', async (name, before, since) => {
    for (const [version, status] of [
      [before, 400],
      [since, 200],
    ] as const) {
      const cluster = await emulated({ version });
      const response = await cluster.ask('POST /_security/user/_has_privileges', {
        body: { cluster: [name] },
      });
      expect(response.status).toBe(status);
      await cluster.close();
    }
  });

  test('a pattern that is too much is refused instead of thought about', async () => {
    const cluster = await emulated();
    const hard = '/(a|b)*a(a|b){18}/';
    await cluster.ask('PUT /_security/role/hard', {
      body: { indices: [{ names: [hard], privileges: ['read'] }] },
    });
    await cluster.ask('PUT /_security/user/joe', { body: { password: 'secret', roles: ['hard'] } });
    const started = performance.now();
    const response = await cluster.ask('POST /_security/user/_has_privileges', {
      headers: { authorization: `Basic ${btoa('joe:secret')}` },
      body: index({ names: ['/[ab]*a[ab]{18}/'] }),
    });
    expect(response.status).toBe(400);
    expect(response.json.error.reason).toBe('The set of patterns is too complex to evaluate');
    expect(performance.now() - started).toBeLessThan(5000);
    await cluster.close();
  });
});
