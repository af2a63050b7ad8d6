// What is measured: a file of `scenarios/` for each name, in the order in which they run. A new one has its line here.

export const names = [
  ...['hit', 'refusal', 'guard', 'revocation', 'miss', 'route'],
  ...['stampede', 'memory', 'charge', 'growth', 'flood', 'sharing', 'emulator', 'import'],
];

/** @param {string} name */
export async function load(name) {
  const { default: scenario } = await import(new URL(`scenarios/${name}.mjs`, import.meta.url));
  return scenario;
}
