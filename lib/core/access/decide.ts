import { BusbarError } from '../kernel/errors.ts';
import type { Principal } from './access.ts';
import { covers } from './scopes.ts';

/**
 * What a call needs of a key, besides owning what it names. `nothing`: any key will do. `transact`: what begins and ends
 * transactions, whose events each need `publish` or `invoke` of their own.
 */
export type Need =
  | 'nothing'
  | 'read'
  | 'manage'
  | 'transact'
  | { readonly publish: string }
  | { readonly invoke: string };

/**
 * The one decision about roles and scopes: the router makes it for each call, and whoever publishes for each target.
 * A viewer only reads; a key with scopes does only what one of them covers.
 * @throws BusbarError forbidden, naming what is missing.
 */
export function requireAllowed(principal: Principal, need: Need): void {
  if (need === 'nothing') return;
  if (principal.role === 'viewer' && need !== 'read') {
    throw new BusbarError(
      'forbidden',
      principal.person === undefined
        ? `This key is of a viewer, which only reads; the call needs ${textOf(need)}. Use the key of a member.`
        : `You act for ${principal.application} as a viewer, who only reads; the call needs ${textOf(need)}. Ask to be put into a group whose role is member.`,
    );
  }
  if (principal.scopes === undefined || isCovered(principal.scopes, need)) return;
  throw new BusbarError(
    'forbidden',
    `The scopes of this key (${principal.scopes.join(', ')}) do not include ${textOf(need)}. Use a key that has it.`,
  );
}

function isCovered(scopes: readonly string[], need: Exclude<Need, 'nothing'>): boolean {
  if (need === 'transact') return scopes.some((scope) => /^(publish|invoke):/.test(scope));
  return covers(scopes, scopeOf(need));
}

const scopeOf = (need: Exclude<Need, 'nothing' | 'transact'>): string =>
  typeof need === 'string' ? need : 'publish' in need ? `publish:${need.publish}` : `invoke:${need.invoke}`;

const textOf = (need: Exclude<Need, 'nothing'>): string =>
  need === 'transact' ? 'publish: or invoke: for some target' : scopeOf(need);
