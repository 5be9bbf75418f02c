import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../lib/core/kernel/address.ts';

describe('an address that an endpoint may have', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2600:1f18::1',
    '2a00:1450:4001:81b::200e',
    '2001:4860:4860::8888',
    '2001:200::1',
    '3ffe::1',
    '2600:1:2:3:4:5:6:7',
    '2600::1.2.3.4',
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('an address that it may not have', () => {
  it.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.255.255.255'],
    ['private', '10.0.0.0'],
    ['private', '10.255.255.255'],
    ['shared', '100.64.0.0'],
    ['shared', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['link-local', '169.254.0.1'],
    ['the metadata service of EC2', '169.254.169.254'],
    ['the metadata service of ECS', '169.254.170.2'],
    ['private', '172.16.0.0'],
    ['private', '172.31.255.255'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['6to4 relay', '192.88.99.1'],
    ['private', '192.168.0.1'],
    ['benchmarks', '198.18.0.1'],
    ['benchmarks', '198.19.255.255'],
    ['documentation', '198.51.100.7'],
    ['documentation', '203.0.113.7'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback, mapped', '::ffff:127.0.0.1'],
    ['private, mapped', '::ffff:10.0.0.1'],
    ['public, mapped, which is never what a name means', '::ffff:8.8.8.8'],
    ['mapped, in hexadecimal', '::ffff:7f00:1'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['NAT64 of the metadata service', '64:ff9b::a9fe:a9fe'],
    ['local NAT64', '64:ff9b:1::1'],
    ['discard', '100::1'],
    ['Teredo', '2001::1'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['6to4 of the metadata service', '2002:a9fe:a9fe::1'],
    ['documentation', '3fff::1'],
    ['unique local', 'fc00::1'],
    ['the metadata service of EC2', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['multicast', 'ff02::1'],
    ['segment routing', '5f00::1'],
  ])('is %s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '',
    'example.com',
    '1.2.3',
    '0x7f.1',
    '2130706433',
    '[::1]',
    '8.8.8.8 ',
    '8.8.8.8:80',
    '2600::1.2.3.4::',
    '2600:1.2.3.4::',
    '2600:1.2.3.4',
    '2600::1::2',
    '2600:1:2:3:4:5:6:7:8',
    '2600:::',
    '2600::12345',
    '2600::256.1.1.1',
  ])('is no address at all: %j', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});

describe('the reader of addresses', () => {
  /** The same ranges by node's own reader and block list. */
  const blocked = new BlockList();
  for (const range of ['0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '224.0.0.0/3']) {
    const [network = '', prefix] = range.split('/');
    blocked.addSubnet(network, Number(prefix), 'ipv4');
  }

  it('agrees with that of node on every IPv4 address of some ranges', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        if (blocked.check(address, 'ipv4')) expect(isPublicAddress(address)).toBe(false);
      }),
    );
  });

  it('agrees with that of node on what an IPv6 address is, and on where it belongs', () => {
    const unicast = new BlockList();
    unicast.addSubnet('2000::', 3, 'ipv6');
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.') })),
        (text) => {
          if (isIP(text) !== 6) expect(text.includes(':') && isPublicAddress(text)).toBe(false);
          else if (!unicast.check(text, 'ipv6')) expect(isPublicAddress(text)).toBe(false);
        },
      ),
    );
  });
});
