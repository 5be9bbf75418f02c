import type { Sinks } from '../../connectors/kind.ts';
import { type Principal, requireOwner } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Random } from '../../runtime/random.ts';
import type { Tools } from '../../runtime/tools.ts';

/** What every use case of the registry needs. */
export type AdminTools = Tools<'registry' | 'provision'> & { readonly sinks: Sinks };

/** The result of a PUT: a new document, or a changed one. */
export interface Put<Document> {
  readonly created: boolean;
  readonly document: Document;
}

/** The owner of what is put: the named one, otherwise the caller. A member may name only itself. */
export function ownerOf(principal: Principal, named: string | undefined, what: string): string {
  const owner = named ?? principal.application;
  requireOwner(principal, owner, what);
  return owner;
}

/** Tells the lifetimes of one name apart. */
export const newIncarnation = (random: Random) => random.uuid().slice(0, 8);

export function declaredConflict(what: string): BusbarError {
  return new BusbarError(
    'declared',
    `${what}, or a part of it, is declared in busbar.config.ts. Remove it there and deploy.`,
  );
}

export const unknownReceiver = (name: string) =>
  new BusbarError(
    'unknown_receiver',
    `There is no receiver ${name}. Create it with PUT /v1/receivers/${name}.`,
  );
