/** The formats of bodies, by their media types and by the names that `?format=` has for them (`XContentType`). */

/** What bodies can be written in. SMILE is known by name, but neither read nor written here. */
export type Format = 'json' | 'yaml' | 'cbor' | 'smile';

/** A media type that Elasticsearch knows. */
export interface ContentType {
  readonly format: Format;
  readonly name: string;
  /** Whether it is lines of JSON, which a few endpoints take in place of one document. */
  readonly hasLines: boolean;
}

const formats: readonly Format[] = ['json', 'yaml', 'cbor', 'smile'];
const prefixes = ['', 'vnd.elasticsearch+'] as const;

const byMediaType = new Map<string, ContentType>();
const byParameter = new Map<string, ContentType>();
for (const prefix of prefixes) {
  for (const format of formats) {
    const type = { format, name: `application/${prefix}${format}`, hasLines: false };
    byMediaType.set(type.name, type);
    byParameter.set(`${prefix}${format}`, type);
  }
  byMediaType.set(`application/${prefix}x-ndjson`, {
    format: 'json',
    name: `application/${prefix}json`,
    hasLines: true,
  });
}

/** JSON, as it is called without a version of the API. */
export const json: ContentType = { format: 'json', name: 'application/json', hasLines: false };
byMediaType.set('application/*', json);

/** @param name without parameters, in lower case */
export function contentTypeOf(name: string): ContentType | undefined {
  return byMediaType.get(name);
}

/** @param name a value of `?format=`, in lower case */
export function contentTypeOfParameter(name: string): ContentType | undefined {
  return byParameter.get(name);
}

const token = /^[\w!#$%&'*+\-.^`|~]+$/;

/** Whether a text can be one of the two halves of a media type (RFC 7230, 3.2.6). */
export function isToken(text: string): boolean {
  return token.test(text);
}
