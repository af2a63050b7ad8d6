/** The options of `startEmulator`, their defaults, and the checks that fail at once. */

import type { TicketResult } from '../authentication/kerberos.js';
import type { CryptoPoolSettings } from '../cluster/crypto-pool.js';
import type { SecuritySettings } from '../cluster/security.js';
import type { UserRequest } from '../identities/user-parser.js';
import type { RoleDescriptor } from '../privileges/role-descriptor.js';
import { decodeBase64 } from '../wire/base64.js';
import { emptyMap } from '../wire/json-value.js';
import { parseVersion } from '../wire/version.js';
import { readRole, readUser } from './body-options.js';
import { type FileOptions, readFiles } from './file-options.js';
import { type JwtRealmOptions, readJwtRealms } from './jwt-options.js';
import { areTexts, check, checkNames, isObject, refuse } from './option-checks.js';

/** How an emulator starts. Every member is optional. */
export interface EmulatorOptions {
  /** The port to listen on. Default 0: any free one. */
  readonly port?: number;
  /** The address to listen on. Default `127.0.0.1`: nobody outside of this machine can reach it. */
  readonly host?: string;
  /**
   * Whether it speaks HTTPS, with an authority and a certificate made at the start for `localhost`, `127.0.0.1`,
   * `::1` and `host`. Default `false`.
   */
  readonly tls?: boolean;
  /** The release to imitate, `major.minor` or `major.minor.patch` from 7.17 to 9.5. Default `9.5.0`. */
  readonly version?: string;
  /** The password of the user `elastic`, six characters or more. Default `changeme`. */
  readonly password?: string;
  /** Default `trial`; with `basic` the token service refuses, as the real one does. */
  readonly license?: 'trial' | 'basic';
  /** `false`: there is no security, and everybody may do everything (`xpack.security.enabled`). Default `true`. */
  readonly security?: boolean;
  /** Whether there is a token service. Default `true`, although the real one wants TLS for it. */
  readonly tokenService?: boolean;
  /** Whether there are API keys. Default `true`. */
  readonly apiKeys?: boolean;
  /** How many API keys can be hashed at once, how many may wait, and how long that takes. Default: it takes no time. */
  readonly cryptoPool?: CryptoPoolSettings;
  /** How long an access token lives, in milliseconds: 1 000 to 3 600 000. Default 1 200 000 (20 minutes). */
  readonly tokenTimeoutMs?: number;
  /**
   * The roles of requests without credentials, and of every user on top of its own. Default: none, such requests are
   * refused.
   */
  readonly anonymousRoles?: readonly string[];
  /** The name of whoever sends no credential, where `anonymousRoles` let him in. Default `_anonymous`. */
  readonly anonymousUsername?: string;
  /**
   * Whether he is denied with 403 what these roles do not allow. Default `true`; `false`: with 401, which asks
   * him to authenticate (`xpack.security.authc.anonymous.authz_exception`).
   */
  readonly anonymousAuthzException?: boolean;
  /** Whether `es-security-runas-user` is heard. Default `true`. */
  readonly runAs?: boolean;
  /** Kerberos tickets in Base64 and what each leads to. Default: none, and no Kerberos realm. */
  readonly kerberosTickets?: Readonly<Record<string, KerberosTicket>>;
  /** Realms that accept JSON Web Tokens, in the order in which they are asked. Default: none. From 8.2 on. */
  readonly jwtRealms?: readonly JwtRealmOptions[];
  /**
   * Whether there is a page to look at, under `/_esauth/`: whom and what the emulator knows, the last requests,
   * and buttons for time, faults and invalidation. Default `true`; it is there only while `host` is loopback,
   * and only for browsers on this machine, but asks them for no password.
   */
  readonly ui?: boolean;
  /** Any text: ids and secrets are then the same in every run. Default: they are random. */
  readonly seed?: string;
  /** Users by name, each as the body of `PUT /_security/user/{name}`. Default: none but the reserved ones. */
  readonly users?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Roles by name, each as the body of `PUT /_security/role/{name}`. Default: none but the reserved ones. */
  readonly roles?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What stands in the files of the node. Default: nothing. */
  readonly files?: FileOptions;
}

/** A ticket: of a user, or one that the handshake does not end with. */
export type KerberosTicket =
  | {
      readonly username: string;
      readonly roles?: readonly string[];
      /** Base64; the client gets it to see who it talks to. */
      readonly responseToken?: string;
    }
  | {
      /** Base64; the client is asked for another round. Empty: without a token. */
      readonly continueWith: string;
    };

/** The options after the checks, with their defaults. */
export interface Settings extends SecuritySettings {
  readonly port: number;
  readonly host: string;
  readonly tls: boolean;
  readonly ui: boolean;
  readonly users: readonly UserRequest[];
  readonly roles: ReadonlyMap<string, RoleDescriptor>;
}

const known: readonly (keyof EmulatorOptions)[] = [
  'port',
  'host',
  'tls',
  'version',
  'password',
  'license',
  'security',
  'tokenService',
  'apiKeys',
  'tokenTimeoutMs',
  'cryptoPool',
  'anonymousRoles',
  'anonymousUsername',
  'anonymousAuthzException',
  'runAs',
  'kerberosTickets',
  'jwtRealms',
  'ui',
  'seed',
  'users',
  'roles',
  'files',
];

/** @throws TypeError naming the option that is wrong; the value of a password is never in the message */
export function readOptions(options: EmulatorOptions): Settings {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('startEmulator: the options must be an object');
  checkNames(options, known);
  const {
    port = 0,
    host = '127.0.0.1',
    tls = false,
    version = '9.5.0',
    password = 'changeme',
    license = 'trial',
  } = options;
  const { security = true, tokenService = true, apiKeys = true, tokenTimeoutMs = 1_200_000 } = options;
  const { cryptoPool, seed, users = {}, roles = {}, files = {} } = options;
  const { anonymousRoles = [], anonymousUsername = '_anonymous', anonymousAuthzException = true } = options;
  const { runAs = true, kerberosTickets = {}, jwtRealms = [], ui = true } = options;
  check('port', Number.isInteger(port) && port >= 0 && port <= 65_535, 'a whole number from 0 to 65535');
  check('host', typeof host === 'string' && host !== '', 'an address or a host name');
  check('tls', typeof tls === 'boolean', 'true or false');
  const parsed = typeof version === 'string' ? parseVersion(version) : undefined;
  if (parsed === undefined) return refuse('version', 'a release from 7.17 to 9.5, such as "8.10" or "9.5.0"');
  check('password', typeof password === 'string' && password.length >= 6, 'a text of six characters or more');
  check('license', license === 'trial' || license === 'basic', '"trial" or "basic"');
  check('security', typeof security === 'boolean', 'true or false');
  check('tokenService', typeof tokenService === 'boolean', 'true or false');
  check('apiKeys', typeof apiKeys === 'boolean', 'true or false');
  check(
    'tokenTimeoutMs',
    Number.isFinite(tokenTimeoutMs) && tokenTimeoutMs >= 1000 && tokenTimeoutMs <= 3_600_000,
    'a number of milliseconds from 1000 to 3600000',
  );
  if (cryptoPool !== undefined) checkCryptoPool(cryptoPool);
  check('anonymousRoles', areTexts(anonymousRoles), 'a list of names of roles');
  check(
    'anonymousUsername',
    typeof anonymousUsername === 'string' && anonymousUsername !== '',
    'the name of a user',
  );
  check('anonymousAuthzException', typeof anonymousAuthzException === 'boolean', 'true or false');
  check('runAs', typeof runAs === 'boolean', 'true or false');
  check('kerberosTickets', isObject(kerberosTickets), 'an object with what each ticket leads to');
  check('ui', typeof ui === 'boolean', 'true or false');
  check('seed', seed === undefined || typeof seed === 'string', 'a text');
  check('users', isObject(users), 'an object with a user for each name');
  check('roles', isObject(roles), 'an object with a role for each name');
  return {
    port,
    host,
    tls,
    ui,
    version: parsed,
    password,
    license,
    security,
    tokenService,
    apiKeys,
    tokenTimeoutMs,
    cryptoPool,
    anonymous: { username: anonymousUsername, roles: anonymousRoles },
    anonymousAuthzException,
    runAs,
    kerberosTickets: new Map(Object.entries(kerberosTickets).map(readTicket)),
    jwtRealms: readJwtRealms(jwtRealms, parsed),
    seed,
    users: Object.entries(users).map(([name, body]) => readUser(`users.${name}`, name, body, parsed)),
    roles: new Map(
      Object.entries(roles).map(([name, body]) => [name, readRole(`roles.${name}`, name, body, parsed)]),
    ),
    files: readFiles(files, parsed),
  };
}

function readTicket([ticket, leadsTo]: [string, KerberosTicket]): [string, TicketResult] {
  // The ticket itself is a credential, which no message repeats.
  const option = 'kerberosTickets';
  const isBase64 = (value: unknown): boolean => typeof value === 'string' && 'bytes' in decodeBase64(value);
  if (ticket === '' || !isBase64(ticket) || !isObject(leadsTo))
    refuse(option, 'an object by tickets in Base64');
  if ('continueWith' in leadsTo) {
    check(`${option}.….continueWith`, isBase64(leadsTo.continueWith), 'a text in Base64');
    return [
      ticket,
      { kind: 'continue', token: leadsTo.continueWith === '' ? undefined : leadsTo.continueWith },
    ];
  }
  const { username, roles = [], responseToken } = leadsTo;
  check(`${option}.….username`, typeof username === 'string' && username !== '', 'a name');
  check(`${option}.….roles`, areTexts(roles), 'a list of names of roles');
  check(
    `${option}.….responseToken`,
    responseToken === undefined || isBase64(responseToken),
    'a text in Base64',
  );
  const user = { username, roles, fullName: null, email: null, metadata: emptyMap, enabled: true };
  return [ticket, { kind: 'accepted', user, responseToken }];
}

function checkCryptoPool(pool: CryptoPoolSettings): void {
  check('cryptoPool', isObject(pool), 'an object with "threads", "queue" and "hashMs"');
  checkNames(pool, ['threads', 'queue', 'hashMs'], 'cryptoPool.');
  const { threads, queue, hashMs } = pool;
  check('cryptoPool.threads', Number.isInteger(threads) && threads > 0, 'a whole number, 1 or more');
  check('cryptoPool.queue', Number.isInteger(queue) && queue >= 0, 'a whole number, 0 or more');
  check('cryptoPool.hashMs', Number.isFinite(hashMs) && hashMs >= 0, 'a number of milliseconds, 0 or more');
}
