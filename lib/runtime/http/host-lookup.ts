import { lookup } from 'node:dns/promises';
import { isPublicAddress } from '../../core/kernel/address.ts';

/** What a host name leads to; `unknown` when the resolver itself failed, so that nothing is known. */
export type HostLookup = (host: string) => Promise<'public' | 'private' | 'absent' | 'unknown'>;

export const systemHostLookup: HostLookup = async (host) => {
  try {
    const addresses = await lookup(host.replace(/^\[|\]$/g, ''), { all: true });
    return addresses.some((entry) => isPublicAddress(entry.address)) ? 'public' : 'private';
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ENOTFOUND' || code === 'ENODATA' ? 'absent' : 'unknown';
  }
};
