/**
 * The player: sends every exchange that was recorded from Elasticsearch to an emulator with the same settings, and
 * compares the answers byte for byte: status, reason phrase, headers, framing, body, and whether the server hung up.
 * A recording that is added to `test/recorded`, also in the folder of another release, is played without a change
 * here. What may differ is in `allowances.ts`, what does differ yet in `not-yet.json`.
 *
 * For those who mend the emulator (`npx vitest run --config test/vitest.config.ts emulator/recorded`, with):
 *
 *     ESAUTH_RECORDED_SHOW=who-none      each exchange that differs, wanted (-) and got (+); also `who-none 3`, `who-*`
 *     ESAUTH_RECORDED_SUMMARY=FILE       in what all of them differ, by kind, into a file
 *     ESAUTH_RECORDED_UPDATE=1           takes what has become equal off the list, and adds new scenarios; nothing else
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { bearEvidence } from '../../support/evidence.js';
import { readRecordings } from '../../support/recordings.js';
import { changeOf, type Open, readNotYet, writeNotYet } from './not-yet.js';
import { type PlayedScenario, play } from './play.js';
import { countsOf, show, summaryOf } from './report.js';

const {
  ESAUTH_RECORDED_SHOW: wanted,
  ESAUTH_RECORDED_SUMMARY: summaryFile,
  ESAUTH_RECORDED_UPDATE: isUpdating,
} = process.env;
const notYet = readNotYet();
const releases = readRecordings();
const results = new Map<string, { played: PlayedScenario; entry: Open }[]>();

for (const { version, scenarios } of releases) {
  describe(`what ${version} answered`, () => {
    const played: { played: PlayedScenario; entry: Open }[] = [];
    results.set(version, played);

    for (const scenario of scenarios)
      test(scenario.id, async () => {
        const listed = notYet[version]?.[scenario.id];
        const result = await play(scenario, version);
        const { lost, won, entry } = changeOf(listed, result);
        played.push({ played: result, entry });
        const isShown = (index: string): boolean => isAskedFor(scenario.id, index);
        if (wanted !== undefined) process.stdout.write(show(result, isShown));
        const changes = show(result, (index) => lost.includes(index));
        expect(lost, `no longer equal:\n\n${changes}`).toEqual([]);
        if (isUpdating !== undefined) return;
        expect(won, 'equal now, but still on the list: run it with ESAUTH_RECORDED_UPDATE=1').toEqual([]);
        expect(entry, 'not as listed: run it with ESAUTH_RECORDED_UPDATE=1').toEqual(listed);
      });

    test('nothing else is listed', () => {
      const names = Object.keys(notYet[version] ?? {});
      if (isUpdating === undefined) expect(names).toEqual(scenarios.map(({ id }) => id));
    });
  });
}

test('the page says how many are equal, word for word', (context) => {
  const exchanges = [...results.values()].flat().flatMap(({ played }) => played.exchanges);
  const equal = exchanges.filter(({ differences }) => differences?.length === 0).length;
  const page = readFileSync(new URL('../../../docs/packages/emulator.md', import.meta.url), 'utf8');
  expect(page).toContain(`word for word in ${equal} of the ${exchanges.length} exchanges`);
  const counts = { 'recorded exchanges': exchanges.length, 'recorded exchanges that are equal': equal };
  bearEvidence(context, counts);
});

test('no release is listed that was not recorded', () => {
  const versions = releases.map(({ version }) => version);
  if (isUpdating === undefined) expect(Object.keys(notYet)).toEqual(versions);
});

afterAll(() => {
  const all = [...results].flatMap(([, entries]) => entries.map(({ played }) => played));
  process.stdout.write(`\n${countsOf(all)}\n`);
  if (summaryFile !== undefined) writeFileSync(summaryFile, summaryOf(all));
  if (isUpdating === undefined) return;
  // A run may have been asked for some scenarios only; of the others the list stays as it is.
  const list = releases.map(({ version, scenarios }) => {
    const entries = scenarios.flatMap(({ id }) => {
      const found =
        results.get(version)?.find(({ played }) => played.id === id)?.entry ?? notYet[version]?.[id];
      return found === undefined ? [] : [[id, found] as const];
    });
    return [version, Object.fromEntries(entries)] as const;
  });
  writeNotYet(Object.fromEntries(list));
});

/** `who-none`, `who-none 3`, `who-*` */
function isAskedFor(id: string, index: string): boolean {
  const [name = '', place = index] = (wanted ?? '').split(' ');
  const isThere = name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name;
  return isThere && place === index;
}
