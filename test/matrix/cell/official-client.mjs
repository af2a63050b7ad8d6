// The official client of one major, as a service has it. Elasticsearch understands clients of its own major and of
// the one before (`RestCompatibleVersionHelper`; the clients put their major into each media type): a newer client is
// refused with 400 as soon as it sends a body, whoever asks. That is no matter of ours; that it is so is looked at
// all the same.

import { isUnderstood } from './understood.mjs';

export async function officialClient(major, elasticsearch, node, auth) {
  const { Client } = await import(`elasticsearch${major}`);
  const client = new Client({ node, auth, maxRetries: 0 });
  const isRefused = !isUnderstood(major, elasticsearch);

  /** Titles, or what the search was refused with. */
  async function search(headers) {
    try {
      const found = await client.search({ index: 'books', query: { match_all: {} } }, { headers });
      return found.hits.hits.map(({ _source }) => _source.title);
    } catch (error) {
      const type = error.body?.error?.type;
      if (isRefused && type === 'media_type_header_exception') return 'refused';
      if (type === undefined) throw error;
      return type;
    }
  }

  return {
    isRefused,
    search,
    checks: (cell) => (isRefused ? refused(client, cell) : understood(client, cell)),
    close: () => client.close(),
  };
}

async function refused(client, { check }) {
  await check(
    'a client that is too new is refused for its media type',
    [400, 'media_type_header_exception'],
    () =>
      client.security.createApiKey({ name: 'official' }).then(
        () => 'nothing',
        ({ statusCode, body }) => [statusCode, body.error.type],
      ),
  );
}

async function understood(client, { check, ask, verifier, emulator }) {
  const { security } = client;
  const status = async (authorization) => (await ask('/me', authorization)).status;
  await check(
    'the official client signs in',
    emulator.username,
    async () => (await security.authenticate()).username,
  );
  const grant = { grant_type: 'password', username: 'jane', password: 'correct-horse' };
  const { access_token: token } = await security.getToken(grant);
  await check('a token of the official client gets 200', 200, () => status(`Bearer ${token}`));
  await check('once it is invalidated and revoked it gets 401', [1, 401], async () => {
    const { invalidated_tokens: count } = await security.invalidateToken({ token });
    verifier.revoke({ credential: `Bearer ${token}` });
    return [count, await status(`Bearer ${token}`)];
  });
  const key = await security.createApiKey({ name: 'official', expiration: '1h' });
  await check('an API key of the official client gets 200', 200, () => status(`ApiKey ${key.encoded}`));
  await check('once it is invalidated and revoked it gets 401 too', [[key.id], 401], async () => {
    const { invalidated_api_keys: ended } = await security.invalidateApiKey({ ids: [key.id] });
    verifier.revoke({ apiKeyIds: [key.id] });
    return [ended, await status(`ApiKey ${key.encoded}`)];
  });
  await check('privileges are the same through it', false, async () => {
    const headers = { authorization: emulator.authorization('joe') };
    const index = [{ names: ['books'], privileges: ['read'] }];
    return (await security.hasPrivileges({ index }, { headers })).has_all_requested;
  });
}
