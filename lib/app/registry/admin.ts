import { type Principal, requireOwner } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Tools } from '../../runtime/tools.ts';

/** What every use case of the registry works with. */
export type AdminTools = Tools<'registry' | 'provision'>;

/** What a PUT did: made something new, or changed what was there. */
export interface Put<Document> {
  readonly created: boolean;
  readonly document: Document;
}

/** The owner of something that is put: who is named, else who puts it. A member names itself only. */
export function ownerOf(principal: Principal, named: string | undefined, what: string): string {
  const owner = named ?? principal.application;
  requireOwner(principal, owner, what);
  return owner;
}

export function declaredRefusal(what: string): BusbarError {
  return new BusbarError(
    'declared',
    `${what} is declared in busbar.config.ts, or something of it is. Remove it there and deploy.`,
  );
}

export const unknownReceiver = (name: string) =>
  new BusbarError(
    'unknown_receiver',
    `There is no receiver ${name}. Make it with PUT /v1/receivers/${name}.`,
  );
