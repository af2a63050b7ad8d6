// Every refusal that the emulator can make, in each of its releases: `esauth explain` names the true cause, or all
// causes that nobody but an administrator can tell apart, and with one that one.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '@esauth/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recognise } from '../../packages/cli/src/credentials/recognise.js';
import { causeCodes, causes as fixed } from '../../packages/cli/src/explaining/cause.js';
import { send } from '../support/http-client.js';
import { esauth } from './esauth.js';
import { administrator, type Row, rows, scenes, sharedSecret } from './refusals.js';
import { isSince, releases } from './releases.js';

/** What the emulator says when it refuses a credential: each must have been heard. */
const sentences = [
  /^missing authentication credentials for REST request/,
  /^unable to authenticate user \[(?:alice|nobody)\]/,
  /^unable to authenticate user \[<Kerberos Token>\]/,
  /^unable to authenticate user \[(?:'aud:|https:|<unrecognized-jwt>)/,
  /^unable to authenticate with provided credentials/,
  /^token expired$/,
  /^failed to authenticate service account/,
  /^failed to authenticate user, gss context/,
  /^authentication expected API key type of \[rest\]/,
  /^invalid basic authentication header value/,
  /^invalid basic authentication header encoding/,
  /^error attempting to authenticate request/,
  /^action \[.*\] is unauthorized for API key/,
  /^failed to retrieve password hash/,
  /^rejected execution/,
  /^HTTP header is larger/,
  /API key: unable to find apikey/,
  /API key: apikey authentication for id \S+ encountered a failure/,
  /API key: api key \[\S+\] has been invalidated/,
  /API key: invalid credentials$/,
  /API key: invalid credentials for API key/,
  /API key: api key is expired/,
  /API key: invalid ApiKey value/,
  /API key: Illegal base64/,
  /oauth2 token: invalid token/,
];

const heard = new Set<string>();
const reached = new Set<string>();
let folder: string;
let adminFile: string;
let secretFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esauth-cli-'));
  adminFile = join(folder, 'admin');
  secretFile = join(folder, 'shared');
  await writeFile(adminFile, administrator);
  await writeFile(secretFile, `${sharedSecret}\n`);
});

afterAll(() => rm(folder, { recursive: true }));

/** In these all is asked; in the others what is refused in words that were not explained yet. */
const whole: ReadonlySet<string> = new Set(['7.17', '8.5', '9.5']);
const explained = new Set<string>();

/** The refusal itself, without what is another each time: all that an explanation depends on. */
async function refusalOf({ url }: Emulator, { withSharedSecret }: Row, held: string): Promise<string> {
  const { authorization } = recognise(held, 'it');
  const { status, text, header } = await send(`${url}/_security/_authenticate`, {
    headers: {
      authorization,
      ...(withSharedSecret && { 'es-client-authentication': `SharedSecret ${sharedSecret}` }),
    },
    // After a head that is too long nothing more is read there.
    alone: true,
  });
  return `${status} ${header('www-authenticate')} ${text}`.replaceAll(/[\w-]{20}/g, '‹id›');
}

async function explain(url: string, { is, withSharedSecret, sees }: Row, held: string) {
  const args = ['explain', '--json', '--node', url];
  if (withSharedSecret) args.push('--client-authentication-file', secretFile);
  const called = { env: { ESAUTH_CREDENTIAL: held } };
  const alone = await esauth(args, called);
  const together = sees && (await esauth([...args, '--as-admin-file', adminFile], called));
  const { words } = alone.json;
  for (const each of [words?.reason, ...(words?.tried ?? [])]) if (each !== undefined) heard.add(each);
  const codes = ({ json }: typeof alone) => json.causes.map(({ code }: { code: string }) => code);
  return { is, says: codes(alone), code: alone.code, ...(together && { sees: codes(together) }) };
}

describe.each(releases)('%s', (version) => {
  test.each(Object.keys(scenes) as (keyof typeof scenes)[])('%s', async (scene) => {
    const those = rows.filter((row) => row.scene === scene && isSince(version, row.since ?? '7.17'));
    // There are no JWT realms before 8.2.
    if (those.length === 0) return;
    const emulator = await startEmulator({ ...scenes[scene], version });
    const named: unknown[] = [];
    const wanted: unknown[] = [];
    for (const row of those) {
      const held = await row.make(emulator);
      const refusal = `${row.is}: ${await refusalOf(emulator, row, held)}`;
      if (whole.has(version) || !explained.has(refusal)) {
        explained.add(refusal);
        const { is, says, sees, code = 1 } = row;
        named.push(await explain(emulator.url, row, held));
        wanted.push({ is, says, code, ...(sees && { sees }) });
        for (const each of [...says, ...(sees ?? [])]) reached.add(each);
      }
      await emulator.reset();
    }
    await emulator.close();
    expect(named).toEqual(wanted);
  });
});

/** All rows, for `docs/causes.md`, as the formatter would have them. */
function table(): string {
  const listed = (codes: readonly string[] = []) => codes.map((code) => `\`${code}\``).join(' ');
  const head = ['what is the matter', 'since', 'it says', 'with an administrator'];
  const cells = [
    head,
    ...rows.map(({ is, since = '', says, sees }) => [is, since, listed(says), listed(sees)]),
  ];
  const widths = head.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [cells[0] ?? [], rule, ...cells.slice(1)].map(lineOf).join('\n');
}

/** Requests and settings, as the formatter leaves them alone. */
function quoted(cure: string): string {
  return cure.replace(/\b(?:GET|PUT|POST) \S+|\bxpack\.\S+: true/g, '`$&`');
}

function list(): string {
  return causeCodes
    .flatMap((code) => (code in fixed ? [fixed[code as keyof typeof fixed]] : []))
    .map(({ code, text, cure }) => `- \`${code}\`: ${text} → ${quoted(cure)}`)
    .join('\n');
}

test('the page says the same', async () => {
  const page = `---
title: Why a credential is refused
order: 30
description: What 'esauth explain' says of every refusal that Elasticsearch can make.
---

# Why a credential is refused

What \`esauth explain\` says of every refusal that the emulator can make, in each of its releases; a test takes all of these
ways (\`test/cli/refusals.ts\`) and writes this page: \`npx vitest -u --config test/vitest.config.ts cli/explain-causes\`.
Several causes are those that Elasticsearch does not tell apart, the likelier first; an administrator's credential (\`--as-admin-file\`)
tells more, where the last column says so.

${table()}

## What they mean

Those whose sentence depends on the case (what a JWT lacks, what stands in front) are not listed.

${list()}
`;
  await expect(page).toMatchFileSnapshot('../../docs/causes.md');
});

test('every sentence was heard', () => {
  const all = [...heard];
  expect(sentences.filter((sentence) => !all.some((each) => sentence.test(each)))).toEqual([]);
  expect(all.filter((each) => !sentences.some((sentence) => sentence.test(each)))).toEqual([]);
});

test('every cause is reached, here or by nodes that are no emulator', () => {
  const elsewhere = [
    'header_lost',
    'answered_as_another',
    'something_in_front',
    'not_elasticsearch',
    'no_answer',
  ];
  expect([...reached, ...elsewhere].sort()).toEqual([...causeCodes].sort());
});
