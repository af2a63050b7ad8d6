// Every option by its name and place, and which one is meant by a name that is none: in another place, or misspelt.

/** Where options stand: those of a verifier by their section, and those of the adapters' middleware and routes. */
export type OptionPlace =
  | 'options'
  | 'tls'
  | 'challenge'
  | 'cache'
  | 'upstream'
  | 'upstream.breaker'
  | 'middleware'
  | 'route';

export const optionNames: Readonly<Record<OptionPlace, readonly string[]>> = {
  options: [
    'nodes',
    'cloudId',
    'tls',
    'proxy',
    'schemes',
    'clientAuthentication',
    'apiKeyDetails',
    'challenge',
    'maxHeaderLength',
    'cache',
    'upstream',
    'sharing',
    'clock',
    'dispatcher',
  ],
  tls: ['ca', 'caFingerprint', 'cert', 'key', 'passphrase', 'servername', 'rejectUnauthorized'],
  challenge: ['realm', 'resourceMetadata'],
  cache: [
    'ttlMs',
    'refreshAfterMs',
    'staleIfErrorMs',
    'rejectedTtlMs',
    'maxEntries',
    'maxBytes',
    'maxRejectedEntries',
    'jitter',
    'recent',
  ],
  upstream: ['timeoutMs', 'retries', 'hedgeAfterMs', 'maxBodyBytes', 'maxConcurrent', 'maxQueue', 'breaker'],
  'upstream.breaker': ['failures', 'openMs'],
  middleware: ['optional', 'maxAgeMs', 'onDenied', 'source', 'credential', 'property'],
  route: ['optional', 'maxAgeMs'],
};

/** What others call it: Elasticsearch's own client, and everybody's first guess. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['url', 'nodes'],
  ['host', 'nodes'],
  ['hosts', 'nodes'],
  ['endpoint', 'nodes'],
  ['cloud', 'cloudId'],
  ['ssl', 'tls'],
  ['agent', 'dispatcher'],
  ['requesttimeout', 'timeoutMs'],
  ['maxretries', 'retries'],
  ['max', 'maxEntries'],
]);

const credentials = ['auth', 'apikey', 'username', 'user', 'password', 'bearer', 'token', 'headers'];

/** @returns in words what was meant by an unknown option and what is known in its place. */
export function unknownOption(place: OptionPlace, name: string): string {
  return `unknown option${hintFor(place, name)}; known are ${optionNames[place].join(', ')}`;
}

function hintFor(place: OptionPlace, name: string): string {
  if (credentials.includes(name.toLowerCase())) return ' (callers bring their own credential)';
  if (place === 'cache' && /^(en|dis)abled?$/i.test(name)) return ' (cache: false turns it off)';
  if (name === 'verifier') return ' (a verifier is handed on itself, not as an option: esauth(verifier))';
  const meant = aliases.get(name.toLowerCase()) ?? name;
  // The nearest, and of equals the one in the same place: a sort is stable.
  const [nearest] = candidatesFor(place)
    .map((candidate) => ({ ...candidate, steps: distance(plain(meant), plain(candidate.name)) }))
    .filter(({ name, steps }) => steps <= Math.floor(plain(name).length / 3))
    .sort((one, other) => one.steps - other.steps);
  return nearest === undefined ? '' : ` (did you mean ${nearest.path}?)`;
}

function candidatesFor(place: OptionPlace): { readonly name: string; readonly path: string }[] {
  // The keys of a literal.
  const places = Object.keys(optionNames) as OptionPlace[];
  const others = places.filter((other) => other !== place && other !== 'route');
  return [place, ...others].flatMap((where) =>
    optionNames[where].map((name) => ({ name, path: pathOf(where, name, place) })),
  );
}

function pathOf(where: OptionPlace, name: string, from: OptionPlace): string {
  if (from === 'route' && where === 'middleware')
    return `${name} of the plugin, which holds for all its routes`;
  const ofMiddleware = where === 'middleware' || where === 'route';
  const path = where === 'options' || ofMiddleware ? name : `${where}.${name}`;
  const fromMiddleware = from === 'middleware' || from === 'route';
  if (ofMiddleware === fromMiddleware) return path;
  return ofMiddleware ? `${path}, beside the verifier's options` : `${path} of the verifier`;
}

/** Case, and the unit at the end, are what is easiest forgotten. */
function plain(name: string): string {
  return name.toLowerCase().replace(/ms$/, '');
}

/** @returns that of `names` which was probably meant by `name`, if one is near enough. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((known) => ({ known, steps: distance(plain(name), plain(known)) }))
    .filter(({ known, steps }) => steps <= Math.floor(plain(known).length / 3))
    .sort((one, other) => one.steps - other.steps);
  return nearest?.known;
}

/** @returns in words what is known in the place of an unknown option, where options have no sections. */
export function unknownAmong(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`;
  return `unknown option${hint}; known are ${names.join(', ')}`;
}

/** How many letters have to be put in, left out or replaced (Levenshtein). */
function distance(one: string, other: string): number {
  // Nobody means an option by a name of this length.
  if (one.length > 40) return Infinity;
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...one].entries()) {
    let last = row + 1;
    const line = [last];
    for (const [at, letterThere] of [...other].entries()) {
      const replaced = (above[at] ?? 0) + (letter === letterThere ? 0 : 1);
      last = Math.min(replaced, last + 1, (above[at + 1] ?? 0) + 1);
      line.push(last);
    }
    above = line;
  }
  return above[other.length] ?? Infinity;
}
