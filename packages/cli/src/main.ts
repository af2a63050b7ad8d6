// The command `esauth` as a process.

import { inFlags } from './arguments/option-words.js';
import { run } from './run.js';
import { exitCodes } from './terminal/exit.js';

// What core warns of is in what is printed, but for a credential that travels readably; Node would print all of it once
// more, with its process id.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'EsauthWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
  else if ('code' in warning && warning.code === 'ESAUTH_PLAIN_HTTP') {
    process.stderr.write(`esauth: ${inFlags(warning.message)}\n`);
  }
});
const { argv, env, stdin, stdout, stderr } = process;

// Whoever read what is printed has gone, such as `head`: the code still says what was found. After anything else, such as
// a disk that is full, a script must not go on as after a yes.
let isLost = false;
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || isLost) return;
  isLost = true;
  process.exitCode = exitCodes.unknown;
  stderr.write(`esauth: cannot write what was found (${error.code})\n`);
});
stderr.on('error', () => {});

run({ argv: argv.slice(2), env, stdin, stdout, stderr }).then(
  (code) => {
    process.exitCode = isLost ? exitCodes.unknown : code;
  },
  (error: unknown) => {
    // A mistake of ours: what it was called with may be in its message or its stack, so that stays unsaid.
    const name = error instanceof Error ? error.name : 'Error';
    process.stderr.write(`esauth: an unexpected ${name}; run it with NODE_DEBUG=esauth to see more\n`);
    if (env.NODE_DEBUG?.includes('esauth'))
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = exitCodes.unknown;
  },
);
