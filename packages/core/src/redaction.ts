// Strikes a credential out of a text that may quote it. Elasticsearch's error messages do: they repeat key
// ids, user names and whatever could not be decoded.

/** Shorter pieces than this tell nobody anything, and would strike out ordinary words. */
const runLength = 8;

/** @returns `text` with every run of eight or more characters of one of the `secrets` replaced. */
export function strikeOut(text: string, secrets: readonly string[]): string {
  const runs = new Set<string>();
  for (const secret of secrets) {
    for (let at = 0; at + runLength <= secret.length; at += 1) runs.add(secret.slice(at, at + runLength));
  }
  let result = '';
  let copiedTo = 0;
  let at = 0;
  while (at + runLength <= text.length) {
    if (!runs.has(text.slice(at, at + runLength))) {
      at += 1;
      continue;
    }
    let end = at + runLength;
    while (end < text.length && runs.has(text.slice(end - runLength + 1, end + 1))) end += 1;
    result += `${text.slice(copiedTo, at)}[redacted]`;
    copiedTo = end;
    at = end;
  }
  return result + text.slice(copiedTo);
}
