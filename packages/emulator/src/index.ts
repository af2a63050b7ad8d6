/** The door of `@esauth/emulator`. */

import './wire/node-version.js';

export type { CryptoPoolSettings } from './cluster/crypto-pool.js';
export type { Clock } from './controls/clock.js';
export type { ClusterState } from './controls/cluster-states.js';
export type { Fault, Faults } from './controls/faults.js';
export type { RequestRecord } from './controls/request-log.js';
export type { Emulator } from './emulator.js';
export { startEmulator } from './emulator.js';
export type { ApiKeyBody, IssuedApiKey, Issuer } from './issuing/issuer.js';
export type { FileOptions } from './options/file-options.js';
export type { JwtRealmOptions } from './options/jwt-options.js';
export type { EmulatorOptions, KerberosTicket } from './options/options.js';
