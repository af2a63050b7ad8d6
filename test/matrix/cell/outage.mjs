// An outage is not a refusal: 503 for whoever has to be asked about, 200 for who was verified a moment ago.

export async function outage({ check, ask, emulator, verifier }) {
  const known = emulator.authorization('jane');
  const unknown = emulator.authorization('jane');
  await check('the verifier finds its node', undefined, () => verifier.check());
  await ask('/me', known);
  const mend = emulator.faults.add({ path: '/_security/_authenticate', reset: true });
  await check('while it hangs up, 503 says when to try again', [503, 'unreachable', true], async () => {
    const { status, body, headers } = await ask('/me', unknown);
    return [status, body.code, Number(headers.get('retry-after')) > 0];
  });
  await check('who is remembered does not notice', 200, async () => (await ask('/me', known)).status);
  mend();
}
