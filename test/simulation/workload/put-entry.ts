import { type OutboxWrite, outboxEntry } from '../../../lib/client/outbox.ts';
import type { World } from '../world/world.ts';

/** How many entries each run has written. */
const counts = new WeakMap<World, number>();

/**
 * An entry of an outbox as the client makes it. The client counts its entries for as long as its process lives, so a run
 * that is not the first of its process would write other keys: here each run counts for itself.
 */
export function entryOf(world: World, options: Parameters<typeof outboxEntry>[0]): OutboxWrite['Put'] {
  const count = (counts.get(world) ?? 0) + 1;
  counts.set(world, count);
  const { Put } = outboxEntry({ ...options, uuid: () => world.dice.uuid() });
  const sk = Put.Item.sk as { readonly S: string };
  const counted = sk.S.replace(/^(t\d{15}-)\d{6}/, `$1${String(count).padStart(6, '0')}`);
  return { ...Put, Item: { ...Put.Item, sk: { S: counted } } };
}
