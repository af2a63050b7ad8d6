// Where a request comes from, as one name for whoever can be told apart: an address without its port, an IPv6 address
// as its /64, which one customer usually has to himself. What is no address counts as it is.

import { isIP } from 'node:net';

/**
 * @param source an address as frameworks and proxies write it: `203.0.113.9:40000` (Azure's `X-Forwarded-For`),
 *   `[2001:db8::1]:40000`, `"[2001:db8::1]"` and `for=192.0.2.60` (RFC 7239 §6), with a zone, mapped to IPv6.
 */
export function networkOf(source: string): string {
  const address = addressIn(source);
  if (address === undefined) return source;
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  // ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

// Longer texts are no addresses, and need not be read.
const longest = 128;

function addressIn(source: string): string | undefined {
  if (source.length > longest) return undefined;
  // `Forwarded` has several parameters, quotes what has colons, and its names are case-insensitive.
  const [, node = source] = /(?:^|;)\s*for=("[^"]*"|[^;,\s]*)/i.exec(source) ?? [];
  const bare = node.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\w*)?|([\d.]+)(?::\w*)?)$/.exec(bare) ?? [];
  const address = (bracketed ?? plain ?? bare).replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : address;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  const hexadecimal = dotted.includes('.')
    ? address.slice(0, -dotted.length) +
      [(a << 8) | b, (c << 8) | d].map((pair) => pair.toString(16)).join(':')
    : address;
  const [head = '', tail] = hexadecimal.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}
