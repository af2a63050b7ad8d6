/** The door of `@esauth/emulator`. */

export type { Clock } from './clock.js';
export type { Emulator } from './emulator.js';
export { startEmulator } from './emulator.js';
export type { Fault, Faults } from './faults.js';
export type { JwtRealmOptions } from './jwt-options.js';
export type { EmulatorOptions, KerberosTicket } from './options.js';
export type { RequestRecord } from './request-log.js';
