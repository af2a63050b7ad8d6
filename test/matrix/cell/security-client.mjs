// Our own client on this release: what it makes is accepted, and what it ends is refused before its call returns.

export async function securityClient({ check, ask, ours }) {
  const status = async (authorization) => (await ask('/me', authorization)).status;
  const grant = { grant_type: 'password', username: 'jane', password: 'correct-horse' };
  const token = await ours.getToken(grant);
  const authorization = `Bearer ${token.access_token}`;
  await check(
    'it says who somebody is',
    'jane',
    async () => (await ours.authenticate({ authorization })).username,
  );
  await check('its token gets 200', 200, () => status(authorization));
  await check('a refreshed one too', 200, async () => {
    const refreshed = await ours.getToken({
      grant_type: 'refresh_token',
      refresh_token: token.refresh_token,
    });
    return status(`Bearer ${refreshed.access_token}`);
  });
  await check('what it invalidates gets 401 at once', 401, async () => {
    await ours.invalidateToken({ token: token.access_token });
    return status(authorization);
  });
  const key = await ours.createApiKey({ name: 'ours', expiration: '1h' });
  await check('its key gets 200', 200, () => status(`ApiKey ${key.encoded}`));
  await check('a key that it invalidates gets 401 at once', 401, async () => {
    await ours.invalidateApiKey({ ids: [key.id] });
    return status(`ApiKey ${key.encoded}`);
  });
}
