// How long it takes from `npm init -y` to the first 200, with nothing but docs/quick-start.md open: for each of six
// majors of the frameworks, as a module and in CommonJS. Runs every line of that page, and then the servers that the
// root README has, in empty folders, with the packages as they would be published. Prints seconds, and the status of
// each `curl -i`; fails where one is not what the page says. Takes the frameworks from npm; needs bash and curl.
//
// With `--in FOLDER` nothing is packed or installed: the servers run in that folder, with what is there.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { root } from './setup.mjs';

const run = promisify(execFile);
const shell = process.platform === 'win32';
const majors = ['express@4', 'express@5', 'koa@2', 'koa@3', 'fastify@4', 'fastify@5'];
const tabs = { express: 'Express', koa: 'Koa', fastify: 'Fastify' };

// ---- what is written

/** The blocks of a page in their order: `{ language, tab?, code }`. */
function blocksOf(page) {
  const fences = page.matchAll(/^```(\w+)(?: \[([^\]\n]*)\])?\n(.*?)^```$/gms);
  return [...fences].map(([, language, tab, code]) => ({ language, tab, code }));
}

/** What a reader does who uses this framework, in this file. */
function stepsOf(page, framework, file) {
  const steps = blocksOf(page)
    .filter(({ tab }) => tab === undefined || tab === tabs[framework])
    .map(({ language, code }, index, blocks) => stepOf(language, code, file, blocks[index + 1]))
    .filter((step) => step !== undefined);
  const kinds = ['install', 'write', 'emulator', 'serve', 'ask', 'write', 'serve', 'ask'];
  const found = steps.map(({ kind }) => kind);
  if (`${found}` !== `${kinds}`)
    throw new Error(`docs/quick-start.md has ${found} for ${framework}, not ${kinds}`);
  return steps;
}

function stepOf(language, code, file, next) {
  if (language === 'js' && code.startsWith('// server.mjs\n')) {
    return { kind: 'write', code: file.endsWith('.mjs') ? code : required(code) };
  }
  if (language !== 'sh') return undefined;
  if (code.startsWith('npm init -y\nnpm install ')) return { kind: 'install', code };
  if (code === 'npx @esauth/emulator\n') return { kind: 'emulator' };
  if (code === 'node server.mjs\n') return { kind: 'serve' };
  // Not by comments behind the lines: zsh, as it comes, hands these on to curl.
  if (code.startsWith('curl ')) return { kind: 'ask', code, announced: statusesIn(next?.code ?? '') };
  throw new Error(`nothing is known that runs these lines of docs/quick-start.md:\n${code}`);
}

/** The same in CommonJS, by what the page says of it. */
function required(code) {
  return code.replace(/^import (.*) from ('.*');$/gm, 'const $1 = require($2);');
}

/** The servers that the root README has, as pages of one step. */
function readmeServers(readme) {
  return Object.keys(tabs).flatMap((framework) =>
    blocksOf(readme)
      .filter(({ language, code }) => language === 'js' && code.includes('.listen('))
      .filter(({ code }) => code.includes(`'@esauth/${framework}'`))
      .map(({ code }) => ({ framework, code })),
  );
}

// ---- what is done

/** Does these steps in this folder, where the packages are; answers the statuses, and when the first request was answered. */
async function walk(folder, file, steps) {
  const ports = { elasticsearch: await freePort(), server: await freePort() };
  const here = (text) =>
    text.replaceAll('127.0.0.1:9200', `127.0.0.1:${ports.elasticsearch}`).replaceAll('3000', ports.server);
  const statuses = [];
  let authorization;
  let emulator;
  let server;
  let firstAt;
  try {
    for (const { kind, code, announced } of steps) {
      if (kind === 'write') await writeFile(join(folder, file), here(code));
      if (kind === 'emulator') {
        // Not through npx, which hands no signals on.
        const command = join(folder, 'node_modules/@esauth/emulator/bin/esauth-emulator.js');
        emulator = start(folder, [command, '--port', `${ports.elasticsearch}`]);
        authorization = await emulator.printed(/^ *Authorization: (.*)$/);
      }
      if (kind === 'serve') {
        await server?.end();
        server = start(folder, [file]);
        await listening(`http://127.0.0.1:${ports.server}/me`, server);
      }
      if (kind === 'ask') {
        // The header is pasted, as the page says.
        statuses.push(...(await asked(here(code).replaceAll('Bearer …', authorization), announced)));
        firstAt ??= performance.now();
      }
    }
    return { statuses, firstAt };
  } finally {
    await Promise.all([emulator?.end(), server?.end()]);
  }
}

/** Runs lines of curl; answers what each `curl -i` got, which has to be what is announced. */
async function asked(commands, announced) {
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands]);
  const statuses = statusesIn(stdout);
  if (announced.length === 0 || `${statuses}` !== `${announced}`) {
    throw new Error(`announced ${announced}, answered ${statuses}:\n${commands}\n${stdout}`);
  }
  return statuses;
}

function statusesIn(text) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
}

/** As somebody who tries again while the server starts. */
async function listening(url, server) {
  for (;;) {
    if (await fetch(url).catch(() => undefined)) return;
    if (server.said.code !== undefined) throw new Error(`the server ended:\n${server.said.text}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

function start(cwd, args) {
  const child = spawn(process.execPath, args, { cwd });
  const said = { text: '', code: undefined };
  const ended = new Promise((done) => child.once('exit', done)).then((code) => (said.code = code));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.text += text));
  const lines = createInterface({ input: child.stdout });
  const printed = async (pattern) => {
    for await (const line of lines) {
      const [, found] = pattern.exec(line) ?? [];
      if (found !== undefined) return found;
    }
    throw new Error(`${args.join(' ')} ended:\n${said.text}`);
  };
  const end = () => {
    child.kill();
    return ended;
  };
  return { said, printed, end };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function pack(folder) {
  const { packageManager } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const filter = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  await run('npx', ['--yes', packageManager.split('+')[0], ...filter], { cwd: root, shell });
  return Object.fromEntries(
    (await readdir(folder)).map((file) => [/^esauth-(.*)-\d/.exec(file)?.[1], join(folder, file)]),
  );
}

// ---- what is reported

/** One project: how long the installation took, how long it was to the first answers, and all statuses. */
async function measure(framework, file, steps, folder, install = async () => {}) {
  const began = performance.now();
  await install(steps);
  const installed = performance.now();
  const { statuses, firstAt } = await walk(folder, file, steps);
  const times = [installed - began, firstAt - began].map(seconds);
  console.log(`${framework.padEnd(12)} ${file.padEnd(12)} ${times.join('   ')}   ${statuses.join(' ')}`);
}

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`.padStart(6);

/** What stands around a server of the README, in words there. */
function stepsAround(code) {
  const ask = "curl -i http://127.0.0.1:3000/me -H 'Authorization: Bearer …'\n";
  return [
    { kind: 'emulator' },
    { kind: 'write', code },
    { kind: 'serve' },
    { kind: 'ask', code: ask, announced: ['200'] },
  ];
}

async function useInstalled(folder, page, readme) {
  for (const framework of Object.keys(tabs)) {
    for (const file of ['server.mjs', 'server.js']) {
      await measure(framework, file, stepsOf(page, framework, file), folder);
    }
  }
  const servers = readmeServers(readme);
  if (servers.length === 0) throw new Error('README.md has no server');
  for (const { framework, code } of servers)
    await measure(framework, 'readme.mjs', stepsAround(code), folder);
}

async function installAll(home, page) {
  const packed = await pack(join(home, 'packed'));
  for (const framework of majors) {
    const [name] = framework.split('@');
    for (const file of ['server.mjs', 'server.js']) {
      const folder = await mkdtemp(join(home, 'project-'));
      const npm = (...args) => run('npm', args, { cwd: folder, shell });
      await measure(framework, file, stepsOf(page, name, file), folder, async ([{ code }]) => {
        await npm('init', '-y');
        // Ours are not from the registry, so what they need of each other is named, and so is what npx would fetch.
        const wanted = code.split('\n')[1].split(' ').slice(2);
        const besides = wanted.filter((one) => one !== name && one !== `@esauth/${name}`);
        await npm('install', packed[name], packed.core, packed.emulator, framework, ...besides);
      });
    }
  }
}

const { values } = parseArgs({ options: { in: { type: 'string' } } });
const page = await readFile(`${root}docs/quick-start.md`, 'utf8');
console.log('framework    file         install   to 200   statuses');
if (values.in !== undefined) {
  await useInstalled(values.in, page, await readFile(`${root}README.md`, 'utf8'));
} else {
  const home = await mkdtemp(join(tmpdir(), 'esauth-first-'));
  await installAll(home, page).finally(() => rm(home, { recursive: true, force: true }));
}
