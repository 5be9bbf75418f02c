import type { Dice } from '../world/dice.ts';
import type { Event, Filter } from './model.ts';

const types = ['order.placed', 'order.paid', 'invoice.sent'] as const;
const zones = ['north', 'south', 'west'] as const;

/** Each filter twice: for the bus, and for whoever checks it. */
const filters: readonly Filter[] = [
  { policy: undefined, accepts: () => true },
  { policy: { type: ['order.placed'] }, accepts: ({ type }) => type === 'order.placed' },
  { policy: { type: [{ prefix: 'order.' }] }, accepts: ({ type }) => type.startsWith('order.') },
  { policy: { type: [{ 'anything-but': ['order.paid'] }] }, accepts: ({ type }) => type !== 'order.paid' },
  { policy: { data: { n: [{ numeric: ['>=', 50] }] } }, accepts: ({ data }) => data.n >= 50 },
  {
    policy: { data: { zone: ['north', 'south'], n: [{ numeric: ['<', 70] }] } },
    accepts: ({ data }) => data.zone !== 'west' && data.n < 70,
  },
  { policy: { subject: [{ exists: true }] }, accepts: ({ subject }) => subject !== undefined },
];

export const drawFilter = (dice: Dice): Filter => dice.pick(filters);

export function drawEvent(dice: Dice, keys: number): Event {
  return {
    type: dice.pick(types),
    ...(dice.chance(0.7) && { subject: `key-${dice.between(1, keys)}` }),
    data: { n: dice.between(0, 99), zone: dice.pick(zones) },
  };
}
