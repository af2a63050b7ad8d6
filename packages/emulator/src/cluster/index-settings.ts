/**
 * What can be set of the indices in which security keeps its things: how often they are there, and on which nodes
 * (`UpdateSecuritySettingsAction`). Here there is one node, and no copy of anything.
 */

import { illegalArgument, notANumber, Refusal } from '../wire/envelope.js';
import { type JsonMap, type JsonValue, writeJson } from '../wire/json-value.js';
import type { Version } from '../wire/version.js';

/** The indices, as requests call them. */
export type SecurityIndexName = 'security' | 'security-tokens' | 'security-profile';

/** Their names, in the order in which they are shown. */
export const securityIndexNames: readonly SecurityIndexName[] = [
  'security',
  'security-tokens',
  'security-profile',
];

/** What is to be set; `null` takes a setting back. */
export type SettingChanges = ReadonlyMap<SecurityIndexName, JsonMap>;

/** The settings of all of them. */
export interface IndexSettings {
  /** @throws Refusal if a value makes no sense, and then nothing is set */
  set(changes: SettingChanges): void;
  /** What is set, by the names of settings without `index.`; in the order of these names. */
  of(index: SecurityIndexName): ReadonlyMap<string, string>;
  /** How many copies there should be. */
  replicasOf(index: SecurityIndexName): number;
}

const replicas = 'index.number_of_replicas';
const autoExpand = 'index.auto_expand_replicas';
const tiers = 'index.routing.allocation.include._tier_preference';

// As the indices are made (`SecuritySystemIndices`, `DataTier`).
const initial: ReadonlyMap<string, string> = new Map([
  [autoExpand, '0-1'],
  [replicas, '0'],
  [tiers, 'data_content'],
]);
// What a setting is worth that is taken back.
const defaults: ReadonlyMap<string, string> = new Map([[replicas, '1']]);

function settableIn({ setsSecurityTiers }: Version): readonly string[] {
  return [replicas, autoExpand, ...(setsSecurityTiers ? [tiers] : [])];
}

/** What is wrong with settings, whatever their values are worth. */
export function settingsProblems(changes: SettingChanges, version: Version): string[] {
  if (changes.size === 0) return ['No settings given to update'];
  const settable = settableIn(version);
  let found: string[] = [];
  for (const [index, settings] of changes) {
    const isFirst = found.length === 0;
    for (const [name, value] of settings) {
      if (!settable.includes(name)) {
        const words = `illegal setting for index [${index}]: [${name}], this setting may not be configured`;
        const only = `Only the following settings may be configured for that index: [${settable.join(', ')}]`;
        // Of several in the first index that has any only the last is told, there as here.
        found = [...(isFirst ? [] : found), `${words}. ${only}`];
      } else if (name === tiers) {
        found = [...found, ...tierProblems(value)];
      }
    }
  }
  return found;
}

/** Makes them as they are before anybody sets anything. */
export function createIndexSettings(version: Version): IndexSettings {
  const settable = settableIn(version);
  const stored = new Map(securityIndexNames.map((name) => [name, initial]));
  const current = (index: SecurityIndexName): ReadonlyMap<string, string> => stored.get(index) ?? initial;

  return {
    set(changes) {
      const next = [...changes].map(
        ([index, settings]) => [index, changed(current(index), settings)] as const,
      );
      for (const [index, settings] of next) stored.set(index, settings);
    },
    of(index) {
      const shown = [...current(index)].filter(([name]) => settable.includes(name)).sort();
      return new Map(shown.map(([name, value]) => [name.slice('index.'.length), value]));
    },
    replicasOf: (index) => Number(current(index).get(replicas)),
  };
}

const allowedTiers: readonly string[] = ['data_content', 'data_hot', 'data_warm', 'data_cold'];

function tierProblems(value: JsonValue): string[] {
  if (typeof value !== 'string' || value.trim() === '') return [];
  const wrong = value.split(',').filter((tier) => !allowedTiers.includes(tier));
  if (wrong.length === 0) return [];
  // The bracket is not closed there either.
  return [`disallowed data tiers [${wrong}] found, allowed tiers are [${allowedTiers}`];
}

function changed(settings: ReadonlyMap<string, string>, changes: JsonMap): ReadonlyMap<string, string> {
  const next = new Map(settings);
  for (const [name, value] of changes) {
    const text = value === null ? defaults.get(name) : textOf(value);
    if (text === undefined) next.delete(name);
    else {
      check(name, text);
      next.set(name, text);
    }
  }
  // Whoever lets the number follow that of the nodes, of which there is one, has set it for nothing.
  if (Number.parseInt(next.get(autoExpand) ?? '', 10) === 0) next.set(replicas, '0');
  return next;
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : writeJson(value);
}

/** @throws Refusal */
function check(name: string, value: string): void {
  if (name === replicas) checkReplicas(value);
  if (name === autoExpand) checkRange(value);
}

// `Integer.parseInt`
const integer = /^[+-]?\d{1,10}$/;

function checkReplicas(value: string): void {
  const reason = `Failed to parse value [${value}] for setting [${replicas}]`;
  if (!integer.test(value)) {
    throw new Refusal({ ...illegalArgument(reason), cause: notANumber(value) });
  }
  if (Number(value) < 0) throw new Refusal(illegalArgument(`${reason} must be >= 0`));
}

/** `AutoExpandReplicas.parse` */
function checkRange(value: string): void {
  if (value === 'false') return;
  const dash = value.indexOf('-');
  const reason = `failed to parse [${autoExpand}] from value: [${value}] at index ${dash}`;
  if (dash < 0) throw new Refusal(illegalArgument(reason));
  const [least, most] = [value.slice(0, dash), value.slice(dash + 1)];
  const wrong = [least, ...(most === 'all' ? [] : [most])].find((number) => !integer.test(number));
  if (wrong !== undefined) throw new Refusal({ ...illegalArgument(reason), cause: notANumber(wrong) });
  if (most !== 'all' && Number(least) > Number(most)) {
    const order = `minReplicas must be =< maxReplicas but wasn't ${Number(least)} > ${Number(most)}`;
    throw new Refusal(illegalArgument(`[${autoExpand}] ${order}`));
  }
}
