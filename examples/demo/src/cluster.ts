// Somebody's own Elasticsearch: whether it is one and its user may do what has to be done, said in one sentence if
// not; and, once the demo's belongings are there, what the walk needs of it.

import { randomBytes } from 'node:crypto';
import { createVerifier, type Verifier } from '@esauth/express';
import type { ClusterOptions } from './arguments.js';
import { type Ask, createBelongings } from './belongings.js';
import { Complaint } from './complaint.js';
import { startRelay } from './relay.js';
import { basic, type Elasticsearch, type Person, type Stage } from './stage.js';
import { ask } from './story.js';
import { authorityOf } from './trust.js';
import { createWire } from './wire.js';

/**
 * @param stopped fires when nothing more is to be made.
 * @throws {Complaint} if the cluster is not what it should be. Nothing is left in it then.
 */
export async function openCluster(
  options: ClusterOptions,
  password: string,
  stopped: AbortSignal,
): Promise<Elasticsearch> {
  const verifier = makeVerifier(options);
  try {
    const admin = await recogniseAdmin(verifier, options.username, password);
    return await moveIn(options, admin, verifier, stopped);
  } finally {
    await verifier.close();
  }
}

// The library's own checks go straight to the cluster: its address, its certificate, whether security is on, who asks.
function makeVerifier({ url, trust }: ClusterOptions): Verifier {
  try {
    return createVerifier({ nodes: url.href, tls: trust, schemes: ['Basic'] });
  } catch (error) {
    throw inOurWords(error);
  }
}

async function moveIn(
  options: ClusterOptions,
  admin: Person,
  verifier: Verifier,
  stopped: AbortSignal,
): Promise<Elasticsearch> {
  const url = options.url.href.replace(/\/+$/, '');
  const wire = createWire(await authorityOf(options.url, options.trust));
  const asAdmin: Ask = (path, call) => ask(wire, `${url}${path}`, { ...call, authorization: admin.basic });
  const noTokens = await whyNoTokens(asAdmin);
  const prefix = `esauth-demo-${options.name ?? randomBytes(4).toString('hex')}`;
  const belongings = createBelongings(prefix, asAdmin);
  await belongings.checkThatFree();
  announce(url, admin.username, prefix, belongings);

  const accessTokens: string[] = [];
  const moveOut = async () => {
    const left = await belongings.remove(noTokens === undefined ? accessTokens : undefined);
    wire.close();
    report(prefix, left);
    return left.length === 0;
  };
  try {
    const janesPassword = randomBytes(24).toString('base64url');
    await belongings.make(janesPassword, stopped);
    const advice = 'was made, but can not log in: the native realm must be on in this cluster';
    const jane = await recognise(verifier, belongings.username, janesPassword, advice);
    const relay = await startRelay(url, wire);
    return {
      ...{ wire, url, admin, noTokens },
      node: relay.url,
      jane: { ...jane, password: janesPassword },
      name: (plain) => `${prefix}-${plain}`,
      remember: (accessToken) => void accessTokens.push(accessToken),
      lookups: relay.lookups,
      async stop() {
        await relay.hangUp();
        return 'A relay between the API and the cluster has hung up. The cluster does not notice.';
      },
      async start() {
        await relay.pickUp();
        return { said: 'The relay answers again.', empty: false };
      },
      invitation: async (stage) => invitation(stage, options),
      async close() {
        await relay.hangUp();
        return moveOut();
      },
    };
  } catch (error) {
    await moveOut();
    throw error;
  }
}

async function recogniseAdmin(verifier: Verifier, username: string, password: string): Promise<Person> {
  await verifier.check().catch((error: unknown) => {
    throw inOurWords(error);
  });
  const advice =
    'is not accepted with this password: check ELASTICSEARCH_PASSWORD or what was typed, and --username';
  const admin = await recognise(verifier, username, password, advice);
  const needed = { cluster: ['manage_security'] };
  const verdict = await verifier.hasPrivileges(admin.basic, needed);
  if (verdict.kind === 'answered' && verdict.privileges.has_all_requested) return admin;
  throw new Complaint(
    `${username} may not make users and roles there: take --username of one with the cluster privilege manage_security`,
  );
}

/** @param advice what to say of this user if Elasticsearch does not accept the password. */
async function recognise(
  verifier: Verifier,
  username: string,
  password: string,
  advice: string,
): Promise<Person> {
  const authorization = basic(username, password);
  const verdict = await verifier.verify(authorization);
  switch (verdict.kind) {
    case 'authenticated': {
      const { realm, roles } = verdict.identity;
      return { username, realm: realm.name, roles, basic: authorization };
    }
    case 'rejected':
      throw new Complaint(`${username} ${advice}`);
    case 'unavailable':
      throw inOurWords(verdict.cause);
  }
}

/** The library names itself and its options; on the command line they have other names. */
function inOurWords(error: unknown): Complaint {
  const said = error instanceof Error ? error.message : String(error);
  return new Complaint(
    said
      .replace(/^esauth: (.*)\. See \S+$/, '$1')
      .replaceAll('tls.caFingerprint', '--ca-fingerprint')
      .replaceAll('tls.ca', '--ca')
      .replaceAll(' in nodes', ' in --url')
      .replace(/^nodes:/, '--url:'),
  );
}

/** Asks for a token that can not be had, so that none is made. */
async function whyNoTokens(asAdmin: Ask): Promise<string | undefined> {
  const body = { grant_type: 'refresh_token', refresh_token: 'none' };
  const reply = await asAdmin('/_security/oauth2/token', { method: 'POST', body });
  // Both recorded from 9.5.0: "current license is non-compliant for [security tokens]", and the other by its type.
  if (reply.status === 403) return 'the licence of this cluster has no tokens';
  const { error } = reply.body;
  const off =
    typeof error === 'object' &&
    error !== null &&
    'type' in error &&
    error.type === 'feature_not_enabled_exception';
  return off ? 'its token service is off, see xpack.security.authc.token.enabled' : undefined;
}

function announce(
  url: string,
  admin: string,
  prefix: string,
  { username, roles }: { readonly username: string; readonly roles: readonly string[] },
): void {
  console.log(`Elasticsearch at ${url}, as ${admin}. For as long as this runs there will be in it

   the user ${username}
   the roles ${roles.join(' and ')}
   API keys called ${prefix}-…, for an hour at most
   tokens of ${username} and of ${admin}

and no index. All of it is taken away in the end; nothing else is touched.`);
}

function report(prefix: string, left: readonly string[]): void {
  if (left.length === 0) {
    console.log(
      `\nTaken away: the user, the roles, the keys and the tokens of ${prefix}. Nothing of them is left.`,
    );
    return;
  }
  console.error(
    `\nNot everything could be taken away. Still there:\n${left.map((line) => `   ${line}`).join('\n')}`,
  );
}

/** Lines that work as they are, with curl asking for the password. */
function invitation({ apiUrl, elasticsearch }: Stage, { caFile, trust, username }: ClusterOptions): string {
  const { url, name } = elasticsearch;
  const ca = trust.ca === undefined && trust.caFingerprint === undefined ? '' : ` --cacert ${word(caFile)}`;
  const key = JSON.stringify({ name: name('by-hand'), expiration: '1h', role_descriptors: { none: {} } });
  return `
Try it by hand; stop with Ctrl+C, which takes away everything called ${name('…')}, this key too.

  KEY=$(curl -s${ca} -u ${word(username)} -X PUT ${word(`${url}/_security/api_key`)} -H 'Content-Type: application/json' -d '${key}' | sed 's/.*"encoded":"\\([^"]*\\)".*/\\1/')
  curl -i ${apiUrl}/me -H "Authorization: ApiKey $KEY"
  curl -i ${apiUrl}/admin -H "Authorization: ApiKey $KEY"
  curl -i ${apiUrl}/me
`;
}

/** A word of a POSIX shell, whatever characters it has. */
function word(text = 'http_ca.crt'): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
