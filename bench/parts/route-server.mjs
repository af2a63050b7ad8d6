// The server of `route`: one application in a process of its own. The parent asks by messages for its processor time,
// or for windows of counted requests: of everything that it does, or of its hook alone.

import { windowsOf } from '../measure/counter.mjs';
import { start } from './applications.mjs';

const { framework, variant, known, counter, folder } = JSON.parse(process.argv[2]);
const windows = counter === undefined ? undefined : windowsOf(counter, folder);

let served = 0;
let onServed = () => {};
let isCounting = false;

const started = await start(framework, variant, known, { wrap, served: countServed });
process.on('message', answer);
process.on('disconnect', () => process.exit());
process.send(started);

function countServed() {
  served += 1;
  onServed();
}

async function answer({ want, requests, skip = 0 }) {
  if (want === 'usage') {
    const { user, system } = process.cpuUsage();
    process.send({ processor: user + system, served });
  } else if (want === 'route') {
    windows.begin();
    await after(skip);
    windows.open();
    await after(requests);
    windows.close();
    windows.end();
    process.send({ requests });
  } else if (want === 'hook') {
    windows.begin();
    await after(skip);
    windows.toggle();
    windows.open();
    isCounting = true;
    await after(requests);
    isCounting = false;
    windows.close();
    windows.toggle();
    windows.end();
    process.send({ requests });
  } else {
    windows?.finish();
    process.exit(0);
  }
}

/** Resolves in the turn of the last of so many requests. */
function after(requests) {
  const end = served + requests;
  return new Promise((resolve) => {
    onServed = () => {
      if (served < end) return;
      onServed = () => {};
      resolve();
    };
  });
}

/**
 * Counts from the hook's first instruction to its going on, which is where `next` is called.
 *
 * @param {Function} hook of Express and Fastify (three parameters) or Koa (two)
 */
function wrap(hook) {
  if (windows?.toggle === undefined) return hook;
  const { toggle } = windows;
  const going = (next) => {
    if (!isCounting) return next;
    toggle();
    let isOn = true;
    return (...args) => {
      if (isOn) toggle();
      isOn = false;
      return next(...args);
    };
  };
  if (framework === 'koa') return (ctx, next) => hook(ctx, going(next));
  return (request, response, next) => hook(request, response, going(next));
}
