// Whether a node's certificate is trusted, and if not, which option makes it right: each is tried before it is named.

import { isIP } from 'node:net';
import type { TlsOptions } from '@esauth/core';
import type { Reach } from '../arguments/connection.js';
import { openAsker } from '../asking/elasticsearch.js';
import { type Certificate, type Handshake, shakeHands } from './chain.js';
import type { Step } from './step.js';

const soonMs = 30 * 86_400_000;

/** The codes of Node's errors about certificates, and core's own about a fingerprint. */
const aboutTrust = /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS_CERT|ESAUTH_CA_FINGERPRINT)/;

const compare =
  'if that is your authority: compare it with what Elasticsearch printed when it first started, or with what ' +
  '"openssl x509 -noout -fingerprint -sha256 -in http_ca.crt" says on the node';

/** How a connection with these options ends: nobody knows of one on which nothing was said in time. */
type Trust =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'refused'; readonly words: string; readonly code: string }
  | { readonly kind: 'unknown'; readonly words: string };

/** @returns the step, and whether what follows can be asked */
export async function tlsStep(
  url: URL,
  reach: Reach,
): Promise<{ readonly step: Step; readonly isOver: boolean }> {
  const handshake = await shakeHands(url, reach.tls, reach.timeoutMs);
  const trust = await trustOf(url, reach, reach.tls);
  if (handshake.kind === 'failed') {
    const text = trust.kind === 'trusted' ? handshake.error.message : trust.words;
    const plain = await speaksPlainHttp(url, reach);
    const cure = plain ? `it speaks plain http: http://${url.host}, or turn on TLS there` : undefined;
    const state = plain || trust.kind === 'refused' ? 'no' : 'unknown';
    return { step: { step: 'tls', state, text, ...(cure !== undefined && { cure }) }, isOver: true };
  }
  const { protocol, cipher, chain } = handshake;
  const shown = { details: chain.flatMap(describe), facts: { protocol, cipher, chain } } as const;
  if (trust.kind === 'refused') {
    const cure = aboutTrust.test(trust.code) ? await cureOf(url, reach, chain) : undefined;
    const step: Step = { step: 'tls', state: 'no', text: trust.words, ...shown };
    return { step: { ...step, ...(cure !== undefined && { cure }) }, isOver: true };
  }
  if (trust.kind === 'unknown') {
    const text = `${protocol}, and then ${trust.words}`;
    return { step: { step: 'tls', state: 'unknown', text, ...shown }, isOver: true };
  }
  const ends = soonest(handshake);
  const text = `${protocol}, trusted${ends === undefined ? '' : `; ${ends}`}`;
  return {
    step: { step: 'tls', state: ends === undefined ? 'yes' : 'warning', text, ...shown },
    isOver: false,
  };
}

/** As a verifier connects. What comes after that is another step's. */
async function trustOf(url: URL, { timeoutMs }: Reach, tls: TlsOptions): Promise<Trust> {
  const asker = openAsker({ nodes: [url.href], tls, timeoutMs });
  try {
    const said = await asker.ask({ path: '/_security/_authenticate' });
    // What is no HTTP came through TLS too.
    if (said.kind === 'answer' || said.code === 'bad_response') return { kind: 'trusted' };
    const { error, words } = said;
    if (said.code === 'timeout') return { kind: 'unknown', words };
    return {
      kind: 'refused',
      words,
      code: error instanceof Error && 'code' in error ? String(error.code) : '',
    };
  } finally {
    await asker.close();
  }
}

/** What is tried, in this order; the first that connects is named. */
async function cureOf(url: URL, reach: Reach, chain: readonly Certificate[]): Promise<string | undefined> {
  const own = chain[0];
  const top = chain.at(-1);
  if (own === undefined || top === undefined) return undefined;
  const late = chain.find(({ validTo }) => Date.parse(validTo) < Date.now());
  if (late !== undefined)
    return `no option does: "${late.subject}" ended on ${late.validTo} and has to be renewed`;
  const early = chain.find(({ validFrom }) => Date.parse(validFrom) > Date.now());
  if (early !== undefined) {
    return `no option does: "${early.subject}" begins on ${early.validFrom}: check the clocks of both machines`;
  }
  const { ca: _, caFingerprint: __, ...rest } = reach.tls;
  const name = own.names.find((each) => isIP(each) === 0 && !each.startsWith('*'));
  const named = name === undefined ? undefined : { servername: name };
  const { fingerprint } = top;
  const pinned = { ...rest, caFingerprint: fingerprint };
  const tries: readonly (readonly [TlsOptions, string])[] = [
    ...(named === undefined ? [] : [[{ ...reach.tls, ...named }, servername(name ?? '', own)] as const]),
    [pinned, `--ca-fingerprint ${fingerprint} (tls.caFingerprint) makes it right, ${compare}`],
    ...(named === undefined
      ? []
      : [
          [
            { ...pinned, ...named },
            `--ca-fingerprint ${fingerprint} with --servername ${name} make it right, ${compare}`,
          ] as const,
        ]),
  ];
  for (const [tls, cure] of tries) {
    if ((await trustOf(url, reach, tls)).kind === 'trusted') return cure;
  }
  return `its certificate is for ${own.names.join(', ') || 'no host name'}, and this address is ${url.hostname}`;
}

function servername(name: string, { names }: Certificate): string {
  const asked = `its certificate is for ${names.join(', ')}: ask for one of these`;
  return `${asked}, or --servername ${name} (tls.servername) makes it right`;
}

async function speaksPlainHttp(url: URL, reach: Reach): Promise<boolean> {
  const plain = new URL(url);
  plain.protocol = 'http:';
  plain.port = url.port || '443';
  const asker = openAsker({ nodes: [plain.href], tls: {}, timeoutMs: reach.timeoutMs });
  try {
    return (await asker.ask({ path: '/_security/_authenticate' })).kind === 'answer';
  } finally {
    await asker.close();
  }
}

/** Whether a node that was asked in plain http speaks TLS. */
export async function speaksTls(url: URL, reach: Reach): Promise<boolean> {
  const secure = new URL(url);
  secure.protocol = 'https:';
  secure.port = url.port || '80';
  return (await shakeHands(secure, {}, reach.timeoutMs)).kind === 'done';
}

function describe(certificate: Certificate, at: number): readonly string[] {
  const { subject, issuer, names, validFrom, validTo, fingerprint, isRoot, isAuthority } = certificate;
  const signed = isRoot ? 'signed by itself' : `signed by ${issuer}`;
  return [
    `${at + 1}. ${subject}, ${isAuthority ? 'an authority, ' : ''}${signed}`,
    ...(names.length === 0 ? [] : [`   for      ${names.join(', ')}`]),
    `   valid    ${validFrom} to ${validTo}`,
    `   SHA-256  ${fingerprint}`,
  ];
}

function soonest(handshake: Extract<Handshake, { readonly kind: 'done' }>): string | undefined {
  const ending = handshake.chain.find(({ validTo }) => Date.parse(validTo) - Date.now() < soonMs);
  return ending && `"${ending.subject}" ends on ${ending.validTo}`;
}
