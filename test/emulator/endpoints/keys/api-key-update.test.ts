/** Changing API keys. */

import { describe, expect, test } from 'vitest';
import { apiKey } from '../../../support/http-client.js';
import { errorBody, expectAnswer } from '../../cluster.js';
import { alice, bob, cluster, create, read, startCluster } from './owners.js';

startCluster();

describe('an update', () => {
  const update = (id: string, body?: object, headers: object = alice) =>
    cluster.ask(`PUT /_security/api_key/${id}`, { headers: { ...headers }, ...(body && { body }) });

  test('changes what is in the body, leaves the rest, and says if nothing is different', async () => {
    const { id } = await create(alice, {
      name: 'k',
      metadata: { a: 1 },
      role_descriptors: { r: { cluster: ['monitor'] } },
    });
    expect((await update(id, { metadata: { b: 2 } })).json).toEqual({ updated: true });
    expect(await read(id)).toMatchObject({
      metadata: { b: 2 },
      role_descriptors: { r: { cluster: ['monitor'] } },
    });
    expect((await update(id, { metadata: { b: 2 } })).json).toEqual({ updated: false });
    expect((await update(id)).json).toEqual({ updated: false });
    expect((await update(id, { metadata: {}, role_descriptors: {} })).json).toEqual({ updated: true });
    expect(await read(id)).toMatchObject({ metadata: {}, role_descriptors: {} });
  });

  test('takes a new picture of the owner', async () => {
    const { id, encoded } = await create(alice, { name: 'k' });
    await cluster.ask('PUT /_security/user/alice', { body: { roles: ['owner'], full_name: 'Alice B.' } });
    expect((await update(id)).json).toEqual({ updated: true });
    const me = await cluster.ask('GET /_security/_authenticate', { headers: apiKey(encoded) });
    expect(me.json.full_name).toBe('Alice B.');
  });

  test('counts the new expiration from now, in whole seconds', async () => {
    const { id } = await create(alice, { name: 'k', expiration: '1h' });
    const before = (await read(id)).expiration;
    await cluster.advance(60_000);
    await update(id, { expiration: '3600999ms' });
    expect((await read(id)).expiration - before).toBeGreaterThanOrEqual(60_000);
    expect((await read(id)).expiration - before).toBeLessThan(61_000);
  });

  test('is for the owner alone, and not with a key', async () => {
    const { id, encoded } = await create(alice, { name: 'k' });
    for (const headers of [bob, cluster.admin]) {
      expectAnswer(await update(id, {}, headers), {
        status: 404,
        body: errorBody(
          404,
          'resource_not_found_exception',
          `no API key owned by requesting user found for ID [${id}]`,
        ),
      });
    }
    const reason = 'authentication via API key not supported: only the owner user can update an API key';
    expectAnswer(await update(id, {}, apiKey(encoded)), {
      status: 400,
      body: errorBody(400, 'illegal_argument_exception', reason),
    });
  });

  test('of an invalidated key, or of one of the other type, is refused', async () => {
    const { id } = await create(alice, { name: 'k' });
    await cluster.ask('DELETE /_security/api_key', { body: { ids: [id] } });
    expect((await update(id, {})).json.error.reason).toBe(`cannot update invalidated API key [${id}]`);
    const access = { search: [{ names: ['a'] }] };
    const other = await cluster.ask('POST /_security/cross_cluster/api_key', { body: { name: 'k', access } });
    expect((await update(other.json.id, {}, cluster.admin)).json.error.reason).toBe(
      `cannot update API key of type [cross_cluster] while expected type is [rest]`,
    );
    const rest = await create(cluster.admin, { name: 'k' });
    const wrong = await cluster.ask(`PUT /_security/cross_cluster/api_key/${rest.id}`, { body: { access } });
    expect(wrong.json.error.reason).toBe(
      'cannot update API key of type [rest] while expected type is [cross_cluster]',
    );
  });

  test('of many says for each what became of it', async () => {
    const one = (await create(alice, { name: 'one' })).id;
    const two = (await create(alice, { name: 'two', metadata: { a: 1 } })).id;
    const three = (await create(bob, { name: 'three' })).id;
    const body = { ids: [one, two, three, one], metadata: { a: 1 } };
    expectAnswer(await cluster.ask('POST /_security/api_key/_bulk_update', { headers: alice, body }), {
      status: 200,
      body: {
        updated: [one],
        noops: [two],
        errors: {
          count: 1,
          details: {
            [three]: {
              type: 'resource_not_found_exception',
              reason: `no API key owned by requesting user found for ID [${three}]`,
            },
          },
        },
      },
    });
    const again = await cluster.ask('POST /_security/api_key/_bulk_update', {
      headers: alice,
      body: { ids: [one] },
    });
    expect(again.json).toEqual({ updated: [], noops: [one] });
  });
});
