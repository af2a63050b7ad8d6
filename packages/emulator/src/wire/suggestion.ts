/**
 * "Did you mean": which known names are close to an unknown one. Elasticsearch adds this to its complaints
 * about fields and parameters.
 */

/** The known names that resemble `name`, the closest first. */
export function similarNames(name: string, known: Iterable<string>): string[] {
  return [...known]
    .map((candidate) => ({ candidate, likeness: likeness(name, candidate) }))
    .filter((scored) => scored.likeness > 0.5)
    .sort((a, b) => b.likeness - a.likeness || (a.candidate < b.candidate ? -1 : 1))
    .map((scored) => scored.candidate);
}

/** The suggestion in words: `did you mean [a]?`, or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const similar = similarNames(name, known);
  if (similar.length === 0) return '';
  return similar.length === 1
    ? `did you mean [${similar[0]}]?`
    : `did you mean any of [${similar.join(', ')}]?`;
}

/** 1 for equal names, 0 for names that share nothing: the edit distance relative to the longer name. */
function likeness(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  // Nobody misspells a name of this length; comparing a body of megabytes with every field would take long.
  if (longest === 0 || longest > 100) return 0;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substituted));
    }
    previous = row;
  }
  return 1 - (previous[b.length] ?? longest) / longest;
}
