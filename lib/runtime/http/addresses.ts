import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isAddress, isPublicAddress } from '../../core/kernel/address.ts';
import {
  type EndpointPolicy,
  type EndpointPorts,
  isAllowedPort,
  isOwnHost,
} from '../../core/kernel/endpoint.ts';
import type { HttpResult } from '../../core/kernel/http-result.ts';
import { Failed, failed } from './failure.ts';

/** How names are resolved, and which of the addresses are called; the system's, and public ones. */
export interface Addresses {
  lookup(
    hostname: string,
    options: LookupAllOptions,
    callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ): void;
  isAllowed(address: string): boolean;
}

export const publicAddresses: Addresses = { lookup: systemLookup, isAllowed: isPublicAddress };

/** How a bus of this policy resolves names. */
export const lookupFor = (endpoints: EndpointPolicy, addresses: Addresses): LookupFunction =>
  endpoints === 'public' ? checkedLookup(addresses) : systemLookup;

/** Why a URL is not called; undefined for one that may be. */
export function forbidden(
  url: URL,
  rules: {
    readonly endpoints: EndpointPolicy;
    readonly ports: EndpointPorts;
    readonly ownHosts: readonly string[];
  },
  addresses: Addresses,
): HttpResult | undefined {
  // The bus may have got a domain after the endpoint was registered.
  if (isOwnHost(url, rules.ownHosts)) return failed('forbidden', 'The endpoint is the bus itself.');
  return forbiddenPort(url, rules.ports) ?? forbiddenUrl(url, rules.endpoints, addresses);
}

/** What was registered before the ports were narrowed is refused here. */
function forbiddenPort(url: URL, ports: EndpointPorts): HttpResult | undefined {
  if (isAllowedPort(url, ports)) return undefined;
  return failed('forbidden', `The endpoint's port is none that this bus calls (${ports}).`);
}

/** An address in the URL is never looked up, so that it is checked here; a name is checked when it is resolved. */
function forbiddenUrl(url: URL, endpoints: EndpointPolicy, addresses: Addresses): HttpResult | undefined {
  if (endpoints === 'any') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'https:') return failed('forbidden', 'The endpoint is not https.');
  if (isAddress(host) && !addresses.isAllowed(host)) {
    return failed('forbidden', `The endpoint's address ${host} is not public.`);
  }
  return undefined;
}

/**
 * Resolves a name, once a connection, to allowed addresses only; the socket connects to the very addresses that were
 * checked, so that a second answer of the name cannot lead elsewhere.
 */
const checkedLookup =
  ({ lookup, isAllowed }: Addresses): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter((entry) => isAllowed(entry.address));
      const first = allowed[0];
      if (first === undefined) {
        const refusal = new Failed(
          'forbidden',
          `The endpoint's name ${hostname} resolves to no public address.`,
        );
        return callback(refusal, '', 0);
      }
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
