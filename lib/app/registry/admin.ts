import type { Sinks } from '../../connectors/kind.ts';
import { owns, type Principal, requireOwner } from '../../core/access/access.ts';
import type { PlaceKind } from '../../core/access/quotas.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Random } from '../../runtime/random.ts';
import type { Tools } from '../../runtime/tools.ts';
import { requireApplication } from '../access/applications.ts';
import { type PlaceTools, takePlace } from '../access/places.ts';

/** What every use case of the registry needs. */
export type AdminTools = Tools<'registry' | 'provision'> & { readonly sinks: Sinks };

/** The result of a PUT: a new document, or a changed one. */
export interface Put<Document> {
  readonly created: boolean;
  readonly document: Document;
}

/**
 * The owner of what is put: the named one, otherwise the one it has, otherwise the caller. Of something new, a member may
 * name only itself or a child; what is its own already it may give to any application.
 * @throws BusbarError forbidden.
 */
export function ownerOf(
  principal: Principal,
  named: string | undefined,
  existing: { readonly owner: string } | undefined,
  what: string,
): string {
  requireOwner(principal, existing?.owner ?? named ?? principal.application, what);
  return named ?? existing?.owner ?? principal.application;
}

/**
 * Settles who owns what is about to be put: the new owner exists, and has a place for it. An admin may name an owner that
 * has no row, as owners of earlier releases have none.
 * @throws BusbarError unknown_application, quota_exceeded.
 */
export async function takeOwned(
  tools: PlaceTools,
  principal: Principal,
  kind: PlaceKind,
  name: string,
  { before, after, amount = 1 }: { before: string | undefined; after: string; amount?: number },
): Promise<void> {
  const isGiven = before !== undefined && before !== after;
  if (isGiven && !owns(principal, after)) await requireApplication(tools, after);
  await takePlace(tools, after, kind, name, amount);
}

/** Tells the lifetimes of one name apart. */
export const newIncarnation = (random: Random) => random.uuid().slice(0, 8);

export const unknownTopic = (name: string) =>
  new BusbarError('unknown_topic', `There is no topic ${name}. Create it with PUT /v1/topics/${name}.`);

export const unknownReceiver = (name: string) =>
  new BusbarError(
    'unknown_receiver',
    `There is no receiver ${name}. Create it with PUT /v1/receivers/${name}.`,
  );
