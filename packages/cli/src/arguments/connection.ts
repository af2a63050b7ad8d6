// Where Elasticsearch is and how to trust it, from flags and from the environment.

import type { ConnectionOptions, TlsOptions } from '@esauth/core';
import { readPemFile } from '../credentials/text.js';
import { UsageError } from '../terminal/exit.js';
import type { Io } from '../terminal/io.js';
import type { Arguments } from './flags.js';

/** The variables that stand for flags. */
export const nodesVariable = 'ESAUTH_NODES';
export const caVariable = 'ESAUTH_CA';
export const caFingerprintVariable = 'ESAUTH_CA_FINGERPRINT';

/** How Elasticsearch is reached. */
export interface Reach extends Omit<ConnectionOptions, 'dispatcher' | 'nodes' | 'proxy'> {
  readonly nodes?: readonly string[];
  readonly proxy?: string;
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
}

/**
 * @param addresses those that stand among the words of the command
 * @throws {UsageError}
 */
export async function readReach(
  { env }: Io,
  args: Arguments,
  addresses: readonly string[] = [],
): Promise<Reach> {
  const cloudId = args.value('cloud-id');
  const given = [...addresses, ...args.values('node')];
  const fromEnvironment = cloudId === undefined && given.length === 0 ? env[nodesVariable] : undefined;
  const nodes = [...given, ...(fromEnvironment === undefined ? [] : [unquoted(fromEnvironment)])]
    .flatMap((list) => list.split(','))
    .map((node) => node.trim())
    .filter((node) => node !== '');
  if (nodes.length === 0 && cloudId === undefined) {
    throw new UsageError(
      'usage',
      `where is Elasticsearch? --node https://localhost:9200, or ${nodesVariable} in the environment`,
    );
  }
  for (const node of nodes) checkAddress(node);
  const proxy = args.value('proxy');
  if (proxy !== undefined && namesUser(proxy)) {
    throw new UsageError(
      'credential_in_argument',
      '--proxy must not hold a user name or password: put them into HTTPS_PROXY, and say --proxy environment',
    );
  }
  return {
    ...(nodes.length > 0 && { nodes }),
    ...(cloudId !== undefined && { cloudId }),
    ...(proxy !== undefined && { proxy }),
    tls: await readTls(env, args),
    timeoutMs: readTimeout(args.value('timeout-ms')),
  };
}

/** However many slashes it has: readers of addresses forgive that. */
function namesUser(address: string): boolean {
  return /^\w+:[/\\]+[^/\\]*@/.test(address);
}

function checkAddress(node: string): void {
  if (namesUser(node)) {
    throw new UsageError(
      'credential_in_argument',
      'an address must not hold a user name or password, which every process of this machine could read: give them ' +
        'by standard input, with --credential-file, or in ESAUTH_CREDENTIAL',
    );
  }
  if (/^https?:\/\//i.test(node)) return;
  throw new UsageError('usage', 'an address begins with https:// or http://, such as https://localhost:9200');
}

async function readTls(env: Io['env'], args: Arguments): Promise<TlsOptions> {
  const fingerprint = args.value('ca-fingerprint');
  const caFile = args.value('ca');
  // What stands on the command line counts, whatever is in the environment.
  const isGiven = fingerprint !== undefined || caFile !== undefined;
  // A variable that is set to nothing is not set.
  const ca = caFile ?? (isGiven ? undefined : env[caVariable] || undefined);
  const caFingerprint =
    fingerprint ?? (isGiven || ca !== undefined ? undefined : env[caFingerprintVariable] || undefined);
  const servername = args.value('servername');
  const [cert, key] = [args.value('cert'), args.value('key')];
  return {
    ...(ca !== undefined && { ca: await readPemFile('--ca', unquoted(ca)) }),
    ...(caFingerprint !== undefined && { caFingerprint: fingerprintIn(caFingerprint) }),
    ...(servername !== undefined && { servername }),
    ...(cert !== undefined && { cert: await readPemFile('--cert', cert) }),
    ...(key !== undefined && { key: await readPemFile('--key', key) }),
  };
}

/** As `openssl x509 -fingerprint -sha256` prints it, whose name comes first. */
function fingerprintIn(given: string): string {
  return unquoted(given).replace(/^sha-?256(?:\s+fingerprint)?\s*[=:]\s*/i, '');
}

/** Quotes that were meant for a shell, and came along with the value. */
function unquoted(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/, '$2');
}

function readTimeout(given: string | undefined): number {
  if (given === undefined) return 3_000;
  if (/^\d{1,6}$/.test(given) && Number(given) >= 100) return Number(given);
  throw new UsageError('usage', '--timeout-ms wants a whole number of milliseconds, from 100 to 999999');
}
