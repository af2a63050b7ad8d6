export type { KnownClient, RedisClient } from './clients.js';
export type { OwnClient, OwnClientConnection, SendCommand } from './own-client.js';
