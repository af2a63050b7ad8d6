import { describe, expect, test } from 'vitest';
import { createWarner, type WarningKey, warnOnce } from '../../../packages/core/src/observation/warnings.js';
import { errorsPage } from '../../../packages/core/src/values/messages.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { textOf } from '../../support/text-of.js';
import { warningsDuring } from '../../support/warnings.js';

describe('a warner', () => {
  test('warns with the code that its key begins with, and says what was said', async () => {
    const warn = createWarner(createFakeClock());
    const heard = await warningsDuring(() => warn('ESAUTH_TIMEOUT https://es/', 'no verdict: too late'));
    expect(heard).toEqual([
      {
        name: 'EsauthWarning',
        code: 'ESAUTH_TIMEOUT',
        message: `esauth: no verdict: too late. See ${errorsPage}#timeout`,
      },
    ]);
  });

  test('says the same thing at once, and then at most once a minute', async () => {
    const clock = createFakeClock();
    const warn = createWarner(clock);
    const heard = await warningsDuring(async () => {
      for (const [ms, message] of [
        [0, 'first'],
        [0, 'quiet'],
        [59_999, 'still quiet'],
        [1, 'after a minute'],
        [59_999, 'quiet again'],
        [1, 'after another'],
      ] as const) {
        await clock.advance(ms);
        warn('ESAUTH_TIMEOUT https://es/', message);
      }
    });
    expect(heard.map(({ message }) => textOf(message))).toEqual(['first', 'after a minute', 'after another']);
  });

  test('keeps nodes and codes apart', async () => {
    const warn = createWarner(createFakeClock());
    const keys: readonly WarningKey[] = [
      'ESAUTH_TIMEOUT https://a/',
      'ESAUTH_TIMEOUT https://b/',
      'ESAUTH_UNREACHABLE https://a/',
    ];
    const heard = await warningsDuring(() => {
      for (const key of [...keys, ...keys]) warn(key, key);
    });
    expect(heard.map(({ message }) => textOf(message))).toEqual(keys);
  });

  test('P19: does not measure the minute by the wall clock', async () => {
    const clock = createFakeClock();
    const warn = createWarner(clock);
    const heard = await warningsDuring(async () => {
      warn('ESAUTH_TIMEOUT https://es/', 'first');
      clock.setWall(clock.wall() + 3_600_000);
      warn('ESAUTH_TIMEOUT https://es/', 'an hour forward');
      clock.setWall(clock.wall() - 7_200_000);
      await clock.advance(60_000);
      warn('ESAUTH_TIMEOUT https://es/', 'an hour back, and a minute later');
    });
    expect(heard.map(({ message }) => textOf(message))).toEqual([
      'first',
      'an hour back, and a minute later',
    ]);
  });

  test('bounds and clips what an upstream writes into keys and messages', async () => {
    const clock = createFakeClock();
    const warn = createWarner(clock);
    const long = 'x'.repeat(1_000_000);
    const warnings = await warningsDuring(async () => {
      for (let n = 0; n < 10_000; n += 1) warn(`ESAUTH_MISFIT ${n} ${long.slice(0, 300)}`, `${n}${long}`);
      warn('ESAUTH_TIMEOUT node', 'another code is heard');
      for (let n = 0; n < 10; n += 1) warn(`ESAUTH_TIMEOUT node${n}`, 'once');
    });
    expect(warnings).toHaveLength(102);
    // With the name in front and the address behind.
    expect(warnings.every(({ message }) => message.length <= 1_200)).toBe(true);
    await clock.advance(60_000);
    expect(await warningsDuring(async () => warn('ESAUTH_MISFIT 9999', 'later'))).toHaveLength(1);
  });

  test('does not silence another verifier', async () => {
    const heard = await warningsDuring(() => {
      for (const warn of [createWarner(createFakeClock()), createWarner(createFakeClock())]) {
        warn('ESAUTH_TIMEOUT https://es/', 'no verdict');
      }
    });
    expect(heard).toHaveLength(2);
  });
});

test('a mistake in a program is warned of once in a process, whoever runs into it', async () => {
  const heard = await warningsDuring(() => {
    for (const code of ['ESAUTH_SOURCE', 'ESAUTH_SOURCE', 'ESAUTH_REFRESH', 'ESAUTH_SOURCE'] as const) {
      warnOnce(code, `mend ${code}`);
    }
  });
  expect(heard.map((each) => ({ ...each, message: textOf(each.message) }))).toEqual([
    { name: 'EsauthWarning', code: 'ESAUTH_SOURCE', message: 'mend ESAUTH_SOURCE' },
    { name: 'EsauthWarning', code: 'ESAUTH_REFRESH', message: 'mend ESAUTH_REFRESH' },
  ]);
});
