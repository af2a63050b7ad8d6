// What is in `results/`, for looking figures up.

import { existsSync, readFileSync } from 'node:fs';
import { names } from '../scenarios.mjs';

/**
 * @typedef {import('../measure/table.mjs').Cell} Cell
 * @typedef {object} Results
 * @property {object[]} all as they were kept, in the order of the scenarios
 * @property {(scenario: string, table: string) => import('../measure/table.mjs').Row[]} rows
 * @property {(scenario: string, table: string, row: string, column: string) => Cell | undefined} cell
 */

/** @param {URL} folder @returns {Results} */
export function readResults(folder) {
  const all = names.flatMap((name) => {
    const file = new URL(`${name}.json`, folder);
    return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8'))] : [];
  });
  const rows = (scenario, table) =>
    all.find((result) => result.scenario === scenario)?.tables.find(({ id }) => id === table)?.rows ?? [];
  const cell = (scenario, table, row, column) =>
    rows(scenario, table).find(({ name }) => name === row)?.cells[column];
  return { all, rows, cell };
}
