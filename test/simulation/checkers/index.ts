import { activity } from './activity.ts';
import { answers } from './answers.ts';
import { attemptsWithinPolicy } from './attempts.ts';
import { bill } from './bill.ts';
import { breaker } from './breaker.ts';
import type { Checker } from './checker.ts';
import { stableDeliveryId } from './delivery-id.ts';
import { grants } from './grants.ts';
import { holds } from './holds.ts';
import { isolation } from './isolation.ts';
import { limits } from './limits.ts';
import { notEarly } from './not-early.ts';
import { nothingLost } from './nothing-lost.ts';
import { nothingUnasked } from './nothing-unasked.ts';
import { order } from './order.ts';
import { outbox } from './outbox.ts';
import { permissions } from './permissions.ts';
import { settled } from './settled.ts';
import { signatures } from './signatures.ts';
import { statistics } from './statistics.ts';
import { systemEvents } from './system-events.ts';
import { transactions } from './transactions.ts';

/** Everything that a run is held to. */
export const checkers: readonly Checker[] = [
  nothingLost,
  nothingUnasked,
  notEarly,
  transactions,
  holds,
  order,
  attemptsWithinPolicy,
  stableDeliveryId,
  signatures,
  limits,
  breaker,
  isolation,
  permissions,
  grants,
  outbox,
  systemEvents,
  statistics,
  settled,
  answers,
  bill,
  activity,
];
