// User instructions by valgrind's callgrind, for machines whose processor has no counters for us. The program runs on
// a processor that valgrind plays, ten to fifty times slower, and every instruction of a window is counted, those of
// the collector too. Needs valgrind with its headers, a C compiler and Node's headers.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('callgrind.c', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/bench/', import.meta.url));
const addon = join(cache, `callgrind-${process.versions.modules}-${process.arch}.node`);

/**
 * Valgrind's processor knows no SHA instructions, so OpenSSL takes its way for AVX2: 4 076 instructions for a digest of
 * two blocks, 36 260 for one of twenty (Node 20.20.2). On a processor that has them single-stepping found 171 a block
 * and 18 a call, which is 378 and 3 456. So what is counted in this function is reckoned at this part, within 2 %.
 */
const shaPart = 0.0945;
const shaFunction = /^sha256_block_data_order/;

/** @returns {string | undefined} why it cannot count here */
export function whyNoCallgrind() {
  if (process.platform !== 'linux') return 'callgrind counts on Linux only';
  if (spawnSync('valgrind', ['--version']).status !== 0) return 'valgrind is not installed';
  if (existsSync(addon)) return undefined;
  const headers = [process.env.npm_config_nodedir, join(dirname(process.execPath), '..')]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'include/node'))
    .find((folder) => existsSync(join(folder, 'node_api.h')));
  if (headers === undefined) return "Node's headers are not installed beside it";
  mkdirSync(cache, { recursive: true });
  const args = ['-O2', '-shared', '-fPIC', '-I', headers, source, '-o', addon];
  const { status, error } = spawnSync('cc', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error !== undefined) return 'there is no C compiler (cc)';
  return status === 0 ? undefined : 'the C compiler does not take callgrind.c';
}

/** How a process is started whose windows are counted. */
export function underCallgrind(file, args, folder) {
  const own = [
    ...['--tool=callgrind', '--instr-atstart=no', '--smc-check=all-non-file'],
    `--callgrind-out-file=${join(folder, 'window')}`,
  ];
  // One thread, so that the collector and the compilers work within the window that made them work.
  return { command: 'valgrind', args: [...own, process.execPath, '--single-threaded', file, ...args] };
}

/** For the process that is counted. */
export function callgrindWindows() {
  const words = createRequire(import.meta.url)(addon);
  return {
    /** Before the first window: what follows is translated anew, with counting. */
    begin: words.begin,
    open: words.clear,
    close: words.writeDown,
    end: words.end,
    finish() {},
    toggle: words.toggle,
  };
}

/** @returns {number[]} instructions of each window, in their order */
export function readCallgrind(folder) {
  const has = readFileSync('/proc/cpuinfo', 'utf8').includes('sha_ni');
  return readdirSync(folder)
    .filter((name) => name.startsWith('window.'))
    .sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]))
    .map((name) => readWindow(readFileSync(join(folder, name), 'utf8')))
    .map(({ total, sha }) => (has ? total - sha * (1 - shaPart) : total));
}

/** The whole, and what SHA-256 has of it by itself. The form is in callgrind's manual, "profile data file format". */
export function readWindow(text) {
  const total = Number(/^(?:summary|totals): (\d+)/m.exec(text)?.[1]);
  if (Number.isNaN(total)) throw new Error('callgrind wrote no total');
  const names = new Map();
  let inSha = false;
  let isOfCall = false;
  let sha = 0;
  for (const line of text.split('\n')) {
    const named = /^(c?fn)=\((\d+)\)(?: (.*))?/.exec(line);
    if (named !== null) {
      const [, key, id, name] = named;
      if (name !== undefined) names.set(id, name);
      if (key === 'fn') inSha = shaFunction.test(names.get(id) ?? '');
    } else if (line.startsWith('calls=')) {
      // The next line has what the called function took, which it says itself as well.
      isOfCall = true;
    } else if (/^[+*\d-]/.test(line)) {
      if (inSha && !isOfCall) sha += Number(line.split(' ')[1]);
      isOfCall = false;
    }
  }
  return { total, sha };
}
