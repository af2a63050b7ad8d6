// Where the password of a cluster's user comes from: a file, the environment, or the terminal. Never the arguments:
// those are seen by everybody on the machine, and stay in the shell's history.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { Complaint } from './complaint.js';

export interface PasswordSources {
  /** `-` is standard input. */
  readonly file: string | undefined;
  readonly environment: string | undefined;
}

export async function findPassword(
  { file, environment }: PasswordSources,
  username: string,
): Promise<string> {
  const password = file === undefined ? environment || (await ask(username)) : readFile(file);
  if (password === '') throw new Complaint('the password is empty');
  return password;
}

function readFile(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    // The message of a system's error names the file and what is wrong with it.
    throw new Complaint(`--password-file: ${error instanceof Error ? error.message : 'can not be read'}`);
  }
}

async function ask(username: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new Complaint(
      `the password of ${username} is missing: set ELASTICSEARCH_PASSWORD, name a --password-file (- is standard input), or start this in a terminal`,
    );
  }
  const answer = await askAt(process.stdin, `Password of ${username}: `);
  if (answer === undefined) throw new Complaint('no password was given, and nothing was done');
  return answer;
}

/** @returns what is typed, without showing it; `undefined` after Ctrl+C and Ctrl+D. */
function askAt(terminal: ReadStream, prompt: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // As on a terminal readline edits the line by itself, which turns off the terminal's own echo; what it would
    // show in its place goes nowhere.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: terminal, output: nowhere, terminal: true, historySize: 0 });
    let answer: string | undefined;
    lines.once('line', (typed) => {
      answer = typed;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      process.stderr.write('\n');
      resolve(answer);
    });
    // Only now: whoever sees it can type, and nothing of it will be echoed.
    process.stderr.write(prompt);
  });
}
