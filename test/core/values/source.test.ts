import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { networkOf } from '../../../packages/core/src/values/source.js';

describe('networkOf', () => {
  const table: readonly (readonly [string, string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['2001:db8:1::5:6:7:8', '2001:db8:1:0::/64'],
    ['1::8', '1:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['::ffff:c000:207%eth0', '192.0.2.7'],
    ['::1:ffff:c000:207', '0:0:0:0::/64'],
    // With a port, as Azure's gateways write `X-Forwarded-For`.
    ['203.0.113.9:40000', '203.0.113.9'],
    ['203.0.113.9:', '203.0.113.9'],
    ['[2001:db8::1]:40000', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['[::ffff:203.0.113.9]:40000', '203.0.113.9'],
    ['[fe80::1%25eth0]:80', 'fe80:0:0:0::/64'],
    // RFC 7239 §4 and §6, the values of one element and its parameters.
    ['"[2001:db8:cafe::17]:4711"', '2001:db8:cafe:0::/64'],
    ['"192.0.2.43:47011"', '192.0.2.43'],
    ['192.0.2.43:_port', '192.0.2.43'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['proto=https; For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe:0::/64'],
    ['for=unknown', 'for=unknown'],
    ['unknown', 'unknown'],
    ['_hidden:40000', '_hidden:40000'],
    ['999.1.1.1:80', '999.1.1.1:80'],
    ['1.2.3:80', '1.2.3:80'],
    ['[tenant]:7', '[tenant]:7'],
    ['', ''],
    ['tenant-7', 'tenant-7'],
    ['tenant:7', 'tenant:7'],
  ];
  test.each(table)('%s counts as %s', (source, network) => {
    expect(networkOf(source)).toBe(network);
  });

  test('addresses count the same if and only if their first four groups are the same', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const address = fc.tuple(
      fc.array(group, { minLength: 4, maxLength: 4 }),
      fc.array(group, { minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(address, address, fc.boolean(), ([netA, hostA], [netB, hostB], same) => {
        const net = same ? netA : netB;
        const left = networkOf([...netA, ...hostA].map((n) => n.toString(16)).join(':'));
        const right = networkOf([...net, ...hostB].map((n) => n.toString(16).padStart(4, '0')).join(':'));
        expect(left === right).toBe(netA.join() === net.join());
      }),
    );
  });

  test('anything at all is somebody: it never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...':.%0123456789abcdefgG[]/ é"=;for') }), (text) => {
        expect(networkOf(text)).toBeTypeOf('string');
      }),
    );
  });
});
