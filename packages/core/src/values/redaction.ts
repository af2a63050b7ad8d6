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
  let struckTo = 0;
  for (let at = 0; at + runLength <= text.length; at += 1) {
    if (!runs.has(text.slice(at, at + runLength))) continue;
    // Runs that overlap or touch are struck out as one; only the first finds nothing written yet.
    if (at > struckTo || result === '') result += `${text.slice(struckTo, at)}[redacted]`;
    struckTo = at + runLength;
  }
  // Of characters of its own: a slice keeps the text alive that it was cut from, and with it what was struck out.
  return Buffer.from(result + text.slice(struckTo)).toString();
}
