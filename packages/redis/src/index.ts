export type { KnownClient, RedisClient } from './clients.js';
export type { OwnClient, OwnClientConnection, SendCommand } from './own-client.js';
export { type RedisSharingOptions, redisSharing } from './sharing.js';
