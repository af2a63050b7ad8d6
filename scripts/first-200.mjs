// How long it takes from `npm init -y` to the first 200, with nothing but the root README open: for each of six majors of
// the frameworks, as a module and in CommonJS. Does what the readme says, in empty folders, with the packages as they
// would be published. Prints seconds, and fails where the first answer is no 200. Takes the frameworks from npm.
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

/** The readme's server for a framework. */
function serverOf(readme, framework) {
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  const found = blocks.find((code) => code.includes(`'@esauth/${framework}'`) && code.includes('.listen('));
  if (found === undefined) throw new Error(`README.md has no server for ${framework}`);
  return found;
}

/** The same in CommonJS, by what the readme says of it. */
function required(code) {
  return code.replace(/^import (.*) from ('.*');$/gm, 'const $1 = require($2);');
}

/** Runs the server of the readme in this folder, where its packages are; answers the status of its first request. */
async function firstAnswer(folder, file, code) {
  const [elasticsearch, port] = [await freePort(), await freePort()];
  const ready = code.replace('127.0.0.1:9200', `127.0.0.1:${elasticsearch}`).replace('3000', `${port}`);
  await writeFile(join(folder, file), ready);
  const command = join(folder, 'node_modules/@esauth/emulator/bin/esauth-emulator.js');
  const emulator = start(folder, [command, '--port', `${elasticsearch}`]);
  const server = start(folder, [file]);
  try {
    const authorization = await emulator.printed(/^ *Authorization: (.*)$/);
    return await answered(`http://127.0.0.1:${port}/me`, { authorization }, server);
  } finally {
    await Promise.all([emulator.end(), server.end()]);
  }
}

/** As somebody who tries again while the server starts. */
async function answered(url, headers, server) {
  for (;;) {
    const answer = await fetch(url, { headers }).catch(() => undefined);
    if (answer !== undefined) return answer.status;
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

/** Reports one project: how long the installation took, how long it was to the first answer, and its status. */
async function measure(framework, file, text, folder, install = async () => {}) {
  const began = performance.now();
  await install();
  const installed = performance.now();
  const status = await firstAnswer(folder, file, text);
  const times = [installed - began, performance.now() - began].map(seconds);
  console.log(`${framework.padEnd(12)} ${file.padEnd(12)} ${times.join('   ')}   ${status}`);
  if (status !== 200) process.exitCode = 1;
}

function serversOf(readme, framework) {
  const code = serverOf(readme, framework);
  return Object.entries({ 'server.mjs': code, 'server.js': required(code) });
}

async function installAll(home, readme) {
  const packed = await pack(join(home, 'packed'));
  for (const framework of majors) {
    const [name] = framework.split('@');
    for (const [file, text] of serversOf(readme, name)) {
      const folder = await mkdtemp(join(home, 'project-'));
      const npm = (...args) => run('npm', args, { cwd: folder, shell });
      await measure(framework, file, text, folder, async () => {
        await npm('init', '-y');
        // Ours are not from the registry, so what they need of each other is named, and so is what npx would fetch.
        await npm('install', packed[name], packed.core, packed.emulator, framework);
      });
    }
  }
}

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`.padStart(6);

const { values } = parseArgs({ options: { in: { type: 'string' } } });
const readme = await readFile(`${root}README.md`, 'utf8');
console.log('framework    file         install   to 200   status');
if (values.in !== undefined) {
  for (const name of ['express', 'koa', 'fastify']) {
    for (const [file, text] of serversOf(readme, name)) await measure(name, file, text, values.in);
  }
} else {
  const home = await mkdtemp(join(tmpdir(), 'esauth-first-'));
  await installAll(home, readme).finally(() => rm(home, { recursive: true, force: true }));
}
