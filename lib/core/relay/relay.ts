import { systemEventsPk } from '../system-event/stored.ts';

/** Fields of a row by which the stream of the bus table wakes the relay; its filter lets no other row through. */
export const wakesRelay = { wakes: 'relay' } as const;

/** What woke the relay: a row of the bus table, identified by its key. */
export type Woken =
  | { readonly kind: 'transaction'; readonly transaction: string }
  /** Whatever system events wait. */
  | { readonly kind: 'system-events' };

/**
 * What a row that wakes asks for, by its partition key; undefined when there is nothing to do. A part of the bus that
 * stores events and releases them later adds its prefix here, and its use case in lib/app/transaction/relay.ts.
 */
export function wokenBy(pk: string): Woken | undefined {
  if (pk === systemEventsPk) return { kind: 'system-events' };
  const [kind, ...rest] = pk.split('#');
  return kind === 'transaction' ? { kind, transaction: rest.join('#') } : undefined;
}
