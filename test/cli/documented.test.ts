// The commands that docs/packages/cli.md shows, by bash as they stand there, against the emulator over TLS.

import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmulator } from '@esauth/emulator';
import { expect, onTestFinished, test } from 'vitest';

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('the commands of the page do what it says', async () => {
  const [page = '', readme = ''] = await Promise.all(
    ['docs/packages/cli.md', 'packages/cli/README.md'].map((path) => readFile(inRepository(path), 'utf8')),
  );
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  expect([...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)).toEqual(blocks);
  expect(blocks).toHaveLength(2);

  const emulator = await startEmulator({ tls: true, ui: false });
  onTestFinished(() => emulator.close());
  const folder = await mkdtemp(join(tmpdir(), 'esauth-documented-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const key = emulator.apiKey('elastic');
  await writeFile(join(folder, 'http_ca.crt'), emulator.ca ?? '');
  await writeFile(join(folder, 'key.json'), JSON.stringify(key));
  await writeFile(join(folder, 'admin'), 'elastic:changeme');
  await Promise.all(['key.json', 'admin'].map((file) => chmod(join(folder, file), 0o600)));
  await symlink(inRepository('packages/cli/bin/esauth.js'), join(folder, 'esauth'));

  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, NODE_NO_WARNINGS: '1' };
  // Three seconds may be short on a machine that has other things to do.
  const ran = async (commands: string) => {
    const there = commands
      .replaceAll('https://es:9200', emulator.url)
      .replace('npx @esauth/cli', 'ESAUTH_CA=http_ca.crt esauth')
      .replace(/\besauth (check|whoami|can-i|explain) .*/g, '$& && echo "$1: ended with 0"')
      .replace(/\besauth (check|whoami|can-i|explain) /g, '$&--timeout-ms 50000 ');
    const { stdout } = await promisify(execFile)('bash', ['-c', there.replaceAll(/ +#.*&&/g, ' &&')], {
      cwd: folder,
      env,
    });
    return stdout;
  };
  const [checked = '', asked = ''] = await Promise.all(blocks.map(ran));
  expect(checked).toMatch(/^ {2}ok elasticsearch {2}it is Elasticsearch$/m);
  expect(checked.match(/^check: ended with 0$/m)).not.toBeNull();
  expect(asked).toMatch(/^user +elastic$/m);
  expect(asked).toMatch(/^write +app:orders\/\* +yes$/m);
  expect(asked).toMatch(/^what the administrator sees$/m);
  expect(asked.match(/^[\w-]+: ended with 0$/gm)).toEqual(
    ['whoami', 'can-i', 'explain'].map((name) => `${name}: ended with 0`),
  );
});
