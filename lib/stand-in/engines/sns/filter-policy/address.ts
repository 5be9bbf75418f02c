import { BlockList, isIP } from 'node:net';
import { fault } from './error.ts';
import type { Test } from './leaf.ts';

/** The notations that AWS accepts for an address; dotted IPv4 inside IPv6 is not one of them. */
const ipv4 = /^\d+\.\d+\.\d+\.\d+$/;
const ipv6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/;

type Family = 'ipv4' | 'ipv6';

function familyOf(text: string): Family | undefined {
  if (ipv4.test(text) && isIP(text) === 4) return 'ipv4';
  if (ipv6.test(text) && isIP(text) === 6) return 'ipv6';
  return undefined;
}

/** Tests whether a string is an address in a block such as `10.0.0.0/24` or `2001:db8::/64`. */
export function inBlock(block: string): Test {
  const [address, mask, ...more] = block.split('/');
  if (address === undefined || mask === undefined || more.length > 0) {
    throw fault("Malformed CIDR, one '/' required");
  }
  if (!/^[+-]?\d+$/.test(mask)) throw fault('Malformed CIDR, mask bits must be an integer');
  const bits = Number(mask);
  if (bits < 0) throw fault('Malformed CIDR, mask bits must not be negative');
  if (!ipv4.test(address) && !ipv6.test(address)) throw fault(`Nonstandard IP address: ${address}`);
  const family = familyOf(address);
  if (family === undefined) throw fault(`Invalid IP address: ${address}`);
  if (family === 'ipv4' && bits > 31) throw fault('IPv4 mask bits must be < 32');
  if (family === 'ipv6' && bits > 127) throw fault('IPv6 mask bits must be < 128');
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return (leaf) => typeof leaf === 'string' && familyOf(leaf) === family && list.check(leaf, family);
}

/**
 * Tests for other notations of the same address: a policy with `::1` matches `0:0:0:0:0:0:0:1`, because AWS compiles
 * an address in an exact match to its value.
 */
export function sameAddress(text: string): Test | undefined {
  const family = familyOf(text);
  if (family === undefined) return undefined;
  const list = new BlockList();
  list.addAddress(text, family);
  return (leaf) => typeof leaf === 'string' && familyOf(leaf) === family && list.check(leaf, family);
}
