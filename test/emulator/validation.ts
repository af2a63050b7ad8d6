/**
 * Requests that can be read but make no sense, and the whole refusal of each: the words for such refusals, and
 * how chapters of them are tried at every target.
 */

import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Cluster, type Expected, errorBody, expectAnswer, isSince, targets } from './cluster.js';

/** A request, its refusal, and the releases in which both are so. */
export interface Case {
  readonly request: string;
  readonly body?: object;
  readonly expected: Expected;
  readonly since?: readonly [number, number];
  readonly until?: readonly [number, number];
}

/** 400 in the usual form. */
export function refused(type: string, reason: string, more: object = {}): Expected {
  return { status: 400, body: errorBody(400, type, reason, more) };
}

/** Refusals by what finds them: a request's validation, a store, a check, a parser. */
export const invalid = (...problems: string[]): Expected =>
  refused('action_request_validation_exception', failed(problems));
export const unstorable = (...problems: string[]): Expected =>
  refused('validation_exception', failed(problems));
export const illegal = (reason: string): Expected => refused('illegal_argument_exception', reason);
export const unreadable = (reason: string): Expected => refused('parse_exception', reason);

/** All that is wrong, in one sentence. */
export function failed(problems: readonly string[]): string {
  return `Validation Failed: ${problems.map((problem, index) => `${index + 1}: ${problem};`).join('')}`;
}

/** A refusal whose reason says only where, with the reason proper as its cause. */
export function because(reason: string, type: string, cause: string, causeMore: object = {}): Expected {
  const error = { type: 'x_content_parse_exception', reason };
  const caused_by = { type, reason: cause, ...causeMore };
  return { status: 400, body: { error: { root_cause: [error], ...error, caused_by }, status: 400 } };
}

/** Tries all cases at every target where they apply. */
export function tryCases(chapters: Readonly<Record<string, readonly Case[]>>): void {
  for (const target of targets) {
    describe(target.name, () => {
      let cluster: Cluster;
      beforeAll(async () => {
        cluster = await target.open();
        // Where nothing was ever stored, some complaints have nothing to be about.
        await cluster.ask('PUT /_security/role/stored', { body: {} });
      });
      afterAll(() => cluster.close());

      for (const [chapter, cases] of Object.entries(chapters)) {
        const applying = cases.filter(
          ({ since, until }) =>
            (since === undefined || isSince(target.version, since)) &&
            !(until !== undefined && isSince(target.version, until)),
        );
        if (applying.length === 0) continue;
        describe(chapter, () => {
          test.each(
            applying.map((item) => [
              item.request.slice(0, 80),
              JSON.stringify(item.body ?? null).slice(0, 80),
              item,
            ]),
          )('%s %s', async (_request, _body, { request, body, expected }) => {
            expectAnswer(await cluster.ask(request, body === undefined ? {} : { body }), expected);
          });
        });
      }
    });
  }
}
