/**
 * Which IP addresses an endpoint on the public internet may have. Addresses are read in the canonical form that URL
 * parsers and resolvers write; whatever is not in that form is no address, and so never public.
 */

/**
 * Private, loopback, link-local (the metadata services among them), shared, documentation, benchmark, multicast and
 * reserved ranges. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const forbiddenIpv4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/**
 * Every IPv6 address outside 2000::/3 is special: mapped and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96), unique
 * local, link-local, multicast. Within it these are: protocol assignments with Teredo, documentation, 6to4, and
 * documentation again. https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const globalUnicast = ['2000::', 3] as const;
const forbiddenIpv6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

/** The parts of an address, of 8 bits each for IPv4 and of 16 for IPv6. */
interface Address {
  readonly bitsPerPart: 8 | 16;
  readonly parts: readonly number[];
}

/** True for an IP address, v4 or v6, that an endpoint on the public internet may have; false for any other text. */
export function isPublicAddress(text: string): boolean {
  const address = readAddress(text);
  if (address === undefined) return false;
  if (address.bitsPerPart === 8) return !forbiddenIpv4.some((range) => isWithin(address, range));
  return isWithin(address, globalUnicast) && !forbiddenIpv6.some((range) => isWithin(address, range));
}

export const isAddress = (text: string): boolean => readAddress(text) !== undefined;

function isWithin(address: Address, [network, prefixBits]: readonly [string, number]): boolean {
  const parts = readAddress(network)?.parts ?? [];
  return parts.every((part, index) => {
    const bits = Math.min(Math.max(prefixBits - index * address.bitsPerPart, 0), address.bitsPerPart);
    const mask = (2 ** bits - 1) * 2 ** (address.bitsPerPart - bits);
    return ((address.parts[index] ?? 0) & mask) === (part & mask);
  });
}

function readAddress(text: string): Address | undefined {
  const parts = text.includes(':') ? readIpv6(text) : readIpv4(text);
  return parts && { bitsPerPart: text.includes(':') ? 16 : 8, parts };
}

/** Four decimal numbers without leading zeros: other readers take `010` for eight. */
function readIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  const sound = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  const numbers = parts.map(Number);
  return sound && numbers.every((number) => number <= 255) ? numbers : undefined;
}

/** Eight groups; `::` stands for the missing ones, and the last two may be written as an IPv4 address. */
function readIpv6(text: string): number[] | undefined {
  const [, start = text, ipv4] = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text) ?? [];
  const ending = ipv4 === undefined ? [] : readIpv4(ipv4);
  if (ending === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = ending;
  const inGroups = ipv4 === undefined ? '' : `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;

  const halves = `${start}${inGroups}`.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':').map(readGroup)));
  const given = [...head, ...(tail ?? [])];
  if (given.includes(Number.NaN)) return undefined;
  if (tail === undefined) return given.length === 8 ? given : undefined;
  return given.length > 7 ? undefined : [...head, ...Array<number>(8 - given.length).fill(0), ...tail];
}

const readGroup = (group: string): number =>
  /^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN;
