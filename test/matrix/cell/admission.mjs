// Who is let in, who is not and how that is said: the part of an adapter's contract that can be seen from outside.

export async function admission({ check, ask, emulator, verifier }) {
  const answer = async (path, authorization) => {
    const { status, body } = await ask(path, authorization);
    return [status, body.code ?? body.username ?? body];
  };
  const elastic = emulator.authorization('elastic');
  const jane = emulator.authorization('jane');
  const joe = emulator.authorization('joe');
  const key = emulator.authorization(emulator.apiKey('jane', { name: 'mine' }));

  await check(
    'who presents nothing gets 401, with two challenges',
    [401, 'credentials_missing', 2],
    async () => {
      const { status, body, headers } = await ask('/me');
      return [status, body.code, headers.get('www-authenticate').split('realm=').length - 1];
    },
  );
  await check(
    'a refusal is a problem document',
    'application/problem+json',
    async () => (await ask('/me')).headers.get('content-type').split(';')[0],
  );
  await check('half a header gets 400', [400, 'credentials_malformed'], () => answer('/me', 'Bearer'));
  await check('another scheme gets 401', [401, 'scheme_unsupported'], () => answer('/me', 'Basic YTpi'));
  await check('a token of nobody gets 401', [401, 'credentials_invalid'], () => answer('/me', 'Bearer none'));
  await check('a token gets 200', [200, 'jane'], () => answer('/me', jane));
  await check('an API key gets 200', [200, 'jane', 'api_key', 'mine'], async () => {
    const { status, body } = await ask('/me', key);
    return [status, body.username, body.authenticationType, body.apiKey.name];
  });
  await check('who has the role gets 200', [200, 'served'], () => answer('/admin', elastic));
  await check('who has not the role gets 403', [403, 'forbidden'], () => answer('/admin', jane));
  await check('an API key has no roles', [403, 'forbidden'], () => answer('/admin', key));
  await check('nobody gets 401 from a guarded route', [401, 'credentials_missing'], () => answer('/admin'));
  await check('who has the privilege gets 200', [200, 'served'], () => answer('/reports', jane));
  await check('an API key that has the privilege gets 200', [200, 'served'], () => answer('/reports', key));
  await check('who has not the privilege gets 403', [403, 'forbidden'], () => answer('/reports', joe));
  await check('one of two requirements suffices', [200, 'served'], () => answer('/either', jane));
  await check('none of two does not', [403, 'forbidden'], () => answer('/either', joe));
  await check('an awaited guard lets in', [200, 'served'], () => answer('/awaited', elastic));
  await check('an awaited guard refuses', [403, 'forbidden'], () => answer('/awaited', jane));

  const fresh = emulator.authorization('jane');
  await check('twenty at a time are one lookup', [1, [200]], async () => {
    const before = verifier.stats().lookups;
    const all = await Promise.all(Array.from({ length: 20 }, () => ask('/me', fresh)));
    return [verifier.stats().lookups - before, [...new Set(all.map(({ status }) => status))]];
  });
}
