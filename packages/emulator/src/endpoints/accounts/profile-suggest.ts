/**
 * Suggesting profiles to somebody who types a name: `/_security/profile/_suggest`. Words are compared as they are;
 * Elasticsearch also finds what differs in a letter or two.
 */

import {
  type Answer,
  answer,
  type Call,
  documentOf,
  type Route,
  refuse,
  route,
} from '../../cluster/endpoint.js';
import { withoutProfileCollaboration } from '../../cluster/features.js';
import { whole } from '../../cluster/search-request.js';
import type { Security } from '../../cluster/security.js';
import type { Profile } from '../../identities/profiles.js';
import { wordsOf } from '../../search/analysis.js';
import { illegalArgument, parseFailure } from '../../wire/envelope.js';
import type { JsonMap, JsonValue } from '../../wire/json-value.js';
import { type Field, map, objectParser, text, texts } from '../../wire/object-parser.js';
import { actions, listOf, showFound } from './profiles.js';

interface Hint {
  readonly uids?: readonly string[] | undefined;
  readonly labels?: JsonMap | undefined;
}

interface SuggestBody {
  readonly name?: string | undefined;
  readonly size?: number | undefined;
  readonly hint?: Hint | undefined;
  readonly data?: string | undefined;
}

const hintParser = objectParser<Hint>('suggest_profile_request_payload_hint', { uids: texts, labels: map });
const hint: Field<Hint | undefined> = {
  tokens: ['object'],
  required: false,
  read: (node, document) => hintParser.parse(document, node),
};
const parser = objectParser<SuggestBody>('suggest_profile_request_payload', {
  name: text,
  size: whole,
  hint,
  data: text,
});

function read(call: Call): SuggestBody {
  const body: SuggestBody = call.body === undefined ? {} : parser.parse(documentOf(call));
  const data = call.query.get('data');
  if (data !== undefined && body.data !== undefined) {
    const reason =
      'The [data] parameter must be specified in either request body or as query parameter, but not both';
    refuse(illegalArgument(reason));
  }
  for (const value of body.hint?.labels?.values() ?? []) textsIn(value);
  return { ...body, data: data ?? body.data };
}

/** The values of a label that are hinted at. */
function textsIn(value: JsonValue): string[] {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === 'string') return item;
    const what = Array.isArray(value)
      ? 'string value or list of strings'
      : 'string or list of strings as its value';
    return refuse(parseFailure(`[labels] hint supports either ${what}`));
  });
}

function problems({ size = 10, hint }: SuggestBody): string[] {
  const found = size < 0 ? [`[size] parameter cannot be negative but was [${size}]`] : [];
  if (hint === undefined) return found;
  const { uids, labels } = hint;
  if (uids === undefined && labels === undefined) return [...found, '[hint] parameter cannot be empty'];
  if (uids?.length === 0) found.push('[uids] hint cannot be empty');
  if (labels === undefined) return found;
  const [key = '', ...others] = labels.keys();
  if (labels.size !== 1) {
    return [
      ...found,
      `[labels] hint supports a single key, got [${[key, ...others].filter(Boolean).join(',')}]`,
    ];
  }
  if (key.includes('*')) found.push('[labels] hint key cannot contain wildcard');
  if (textsIn(labels.get(key) ?? '').length === 0) found.push('[labels] hint value cannot be empty');
  return found;
}

/** How many of the words are in a profile, the last of them perhaps only begun. */
function matches({ user }: Profile, wanted: readonly string[]): number {
  const words = [user.username, user.fullName ?? '', user.email ?? ''].flatMap(wordsOf);
  const last = wanted.at(-1) ?? '';
  const complete = wanted.slice(0, -1).filter((word) => words.includes(word));
  return complete.length + (words.some((word) => word.startsWith(last)) ? 1 : 0);
}

/** How many of the hints fit a profile. */
function hinted({ uid, labels }: Profile, { uids = [], labels: wanted = new Map() }: Hint): number {
  const isLabelled = [...wanted].some(([name, values]) => {
    const own = labels.get(name);
    const all: readonly JsonValue[] = Array.isArray(own) ? own : own === undefined ? [] : [own];
    return all.some((value) => textsIn(values).includes(String(value)));
  });
  return (uids.includes(uid) ? 1 : 0) + (isLabelled ? 1 : 0);
}

function suggest({ profiles }: Security, { name = '', size = 10, hint = {}, data }: SuggestBody): Answer {
  const wanted = wordsOf(name);
  const hits = [...profiles.all()]
    .filter(({ enabled }) => enabled)
    .map((profile) => ({ profile, score: matches(profile, wanted), hints: hinted(profile, hint) }))
    .filter(({ score }) => name.trim() === '' || score > 0)
    .sort((a, b) => {
      const byScore = b.score + b.hints - (a.score + a.hints);
      return byScore === 0 ? b.profile.synchronizedAt - a.profile.synchronizedAt : byScore;
    });
  return answer({
    took: 0,
    total: { value: hits.length, relation: 'eq' },
    profiles: hits.slice(0, size).map(({ profile }) => showFound(profile, listOf(data))),
  });
}

/** The route of this chapter. */
export const profileSuggestRoute: Route = route<SuggestBody>({
  methods: ['GET', 'POST'],
  paths: ['/_security/profile/_suggest'],
  exists: (version) => version.keepsProfiles,
  query: ['data'],
  body: 'optional',
  takesSource: true,
  unavailable: withoutProfileCollaboration,
  read,
  validate: problems,
  action: () => `${actions}/suggest`,
  run: suggest,
});
