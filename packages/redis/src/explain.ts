// Why Redis is of no use just now, in words for whoever runs it: cause and cure. Nothing of a command is in them.

import { CommandError } from './commands.js';

const causes: Readonly<Record<string, string>> = {
  NOAUTH: 'Redis wants a password: give it to the client',
  WRONGPASS: 'Redis does not accept the password of the client',
  NOPERM: 'Redis does not permit what is needed: give its user the ACL line of docs/packages/redis.md',
  OOM: 'Redis is full (maxmemory): give it more, and a policy that evicts what expires (volatile-ttl)',
  READONLY: 'the client is connected to a replica, which cannot be written: connect it to the master',
  LOADING: 'Redis is starting and reads its data',
  MASTERDOWN: 'the master is down, and Redis answers nothing until there is another',
  CLUSTERDOWN: 'the cluster is down: CLUSTER INFO says why',
  MISCONF: 'Redis takes no writes because it cannot save them: its own log says why',
  NOREPLICAS: 'Redis takes no writes because too few replicas are there (min-replicas-to-write)',
  BUSY: 'a script keeps Redis busy: SCRIPT KILL ends it',
  WRONGTYPE: 'something else writes under this prefix: choose another prefix, or delete its keys',
  offline: 'there is no connection to Redis',
  aborted: 'Redis says nothing',
  crowded: 'Redis has not answered what it was asked before',
};

/** @returns what to reject with. */
export function explained(thrown: unknown): CommandError {
  if (!(thrown instanceof CommandError))
    return new CommandError('unusable', 'a reply of Redis cannot be read');
  const { code, message } = thrown;
  const cause = causes[code] ?? `Redis said ${code}`;
  // What a client says of a connection that failed names the address; what Redis says of a command may repeat it.
  return new CommandError(code, code === 'offline' && message !== '' ? `${cause} (${message})` : cause);
}

/** The same for whatever `work` rejects with. */
export async function explaining<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    throw explained(thrown);
  }
}
