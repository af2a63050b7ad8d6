// A scripted Elasticsearch that knows who is who and which privileges they have, for questions about both. A test
// changes what it says, holds its answers and reads what was asked.

import type { PrivilegesQuestion } from '@esauth/core';
import { errorBody, identityBody, respond, type Script, startScriptedNode } from './scripted-node.js';

export interface Grantor {
  readonly url: string;
  /** Questions about privileges, oldest first. */
  readonly questions: readonly PrivilegesQuestion[];
  /** How often it was asked who somebody is. */
  readonly authentications: number;
  /** Privileges on resources that everybody has, as `section:…path` with colons between. */
  readonly granted: Set<string>;
  /** What to answer instead, by path of the request; `undefined` ends that. */
  instead(path: 'authenticate' | 'privileges', script: Script | undefined): void;
  /** Holds answers about privileges from now on; each call of the result lets one go, by default the oldest. */
  hold(): (which?: number) => void;
  /** Resolves when so many questions about privileges have come in. */
  asked(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function createGrantor(username = 'jane'): Promise<Grantor> {
  const questions: PrivilegesQuestion[] = [];
  const granted = new Set<string>();
  const instead: { authenticate?: Script | undefined; privileges?: Script | undefined } = {};
  const held: (() => void)[] = [];
  let holding = false;
  let authentications = 0;
  const watchers = new Set<() => void>();

  const node = await startScriptedNode((socket, head, body = '') => {
    if (head.includes('/_authenticate ')) {
      authentications += 1;
      (instead.authenticate ?? respond({ body: identityBody({ username }) }))(socket, head, body);
      return;
    }
    const question: PrivilegesQuestion = JSON.parse(body);
    questions.push(question);
    // What it answers is what is so when it was asked.
    const script = instead.privileges ?? respond({ body: { username, ...answerTo(question) } });
    if (holding) held.push(() => script(socket, head, body));
    else script(socket, head, body);
    for (const watcher of watchers) watcher();
  });

  function answerTo({ cluster = [], index = [], application = [] }: PrivilegesQuestion) {
    const has = (...path: string[]) => granted.has(path.join(':'));
    const each = (names: readonly string[], of: (name: string) => unknown) =>
      Object.fromEntries(names.map((name) => [name, of(name)]));
    // Names come from whoever asks.
    const answer: Record<string, Record<string, unknown>> = Object.create(null);
    for (const { names, privileges } of index) {
      const list = typeof names === 'string' ? [names] : names;
      for (const name of list) {
        answer[name] = { ...answer[name], ...each(privileges, (one) => has('index', name, one)) };
      }
    }
    const applications: Record<string, Record<string, object>> = Object.create(null);
    for (const { application: app, resources, privileges } of application) {
      for (const resource of resources) {
        const known = applications[app]?.[resource];
        const found = { ...known, ...each(privileges, (one) => has('application', app, resource, one)) };
        applications[app] = { ...applications[app], [resource]: found };
      }
    }
    const body = { cluster: each(cluster, (one) => has('cluster', one)), index: answer };
    return { has_all_requested: false, ...body, application: applications };
  }

  return {
    url: node.url,
    questions,
    granted,
    get authentications() {
      return authentications;
    },
    instead(path, script) {
      instead[path] = script;
    },
    hold() {
      holding = true;
      return (which = 0) => {
        const [release] = held.splice(which, 1);
        if (release === undefined) throw new Error('no answer is held');
        release();
      };
    },
    asked(count) {
      return new Promise((resolve) => {
        const watcher = () => {
          if (questions.length < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      });
    },
    close: () => node.close(),
  };
}

export const refusal: Script = respond({ status: 401, body: errorBody(401, 'unable to authenticate') });
