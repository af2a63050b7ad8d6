// A handler asks Elasticsearch as its caller, with the official client: Elasticsearch decides, not the service's own
// rights.

export async function acting({ check, ask, emulator, official }) {
  const { url, username, password } = emulator;
  const service = `Basic ${btoa(`${username}:${password}`)}`;
  const stored = await fetch(`${url}/books/_doc/1?refresh=true`, {
    method: 'PUT',
    headers: { authorization: service, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ title: 'Small Gods' }),
  });
  await check('a document can be stored', 201, () => stored.status);
  await stored.arrayBuffer();

  const search = async (authorization) => {
    const { status, body } = await ask('/books', authorization);
    return [status, body.code ?? body];
  };
  const found = official.isRefused ? 'refused' : ['Small Gods'];
  await check('who may read finds', [200, found], () => search(emulator.authorization('jane')));
  if (!official.isRefused) {
    await check('who may not is refused by Elasticsearch', [200, 'security_exception'], () =>
      search(emulator.authorization('joe')),
    );
  }
  await check('nobody does not search as the service', [401, 'credentials_missing'], () => search());
}
