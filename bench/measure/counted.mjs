// The process in which one variant is counted: it builds it, lets it get hot, and opens windows of so many operations.

import { createBench } from './bench.mjs';
import { windowsOf } from './counter.mjs';
import { batch } from './rounds.mjs';

const {
  file,
  scenario: name,
  variant,
  groups,
  shared,
  counter,
  folder,
  repeats,
  part,
} = JSON.parse(process.argv[2]);
const { default: scenario } = await import(file);
const bench = createBench({ scenario: name, effort: 'full', spoil: false, counter: undefined });
const windows = windowsOf(counter, folder);

process.on('disconnect', () => process.exit(1));

const sizes = [];
for (const group of groups) {
  const built = await scenario.build(group, variant, { bench, shared });
  const size = Math.max(64, Math.round((built.window ?? 3_000) * part));
  await warm(built);
  windows.begin();
  // With callgrind the first operations are translated anew, which is not theirs. Nor is what V8 does then: it throws
  // away what it has made of them and compiles them again, within the next two windows.
  await batch(built, part < 1 ? Math.min(size, 300) : 2 * size);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    windows.open();
    const running = built.run(size);
    if (running instanceof Promise) await running;
    windows.close();
  }
  windows.end();
  await built.close?.();
  sizes.push(size);
}
windows.finish();
process.send(sizes, () => process.exit(0));

/** So often that V8 has compiled it for good; not by the clock, which a busy machine runs away from. */
async function warm(built) {
  const most = Math.ceil((built.warmUp ?? 10 * (built.window ?? 3_000)) * Math.sqrt(part));
  for (let done = 0, size = 64; done < most; done += size) {
    await batch(built, size);
    // Compilers of V8 have a turn between, and so has the collector.
    await new Promise(setImmediate);
    size = Math.min(size * 2, 2_000);
  }
}
