import { conditions, type Mutant } from '../mutant.ts';

/** Receivers fail and their breakers open, requests are made, and receivers are lent. */
const told = conditions(
  {},
  { minutes: 1, endpointTrouble: 0.9, focus: { publish: 5, invoke: 10, ask: 1, lend: 1, publishShared: 1 } },
);

/** Bugs of those who tell what the bus has to say about itself. */
export const tellingMutants: readonly Mutant[] = [
  {
    name: 'a system event goes to everybody who watches',
    file: 'lib/app/system-event/relay-system-events.ts',
    find: 'if (!concerns(about, parents, receiver.owner, subscription.by)) return [];',
    replace: 'concerns(about, parents, receiver.owner, subscription.by);',
    functions: ['relay'],
    checkers: ['system-events'],
    under: told,
  },
  {
    name: 'a system event that dies is reported by another one',
    file: 'lib/core/system-event/news.ts',
    find: 'if (topic !== systemTopicName) counts',
    replace: "if (topic !== '') counts",
    functions: ['deliver'],
    checkers: ['system-events'],
    under: told,
  },
  {
    name: 'a change is written without what it tells',
    file: 'lib/runtime/stores/system-events.ts',
    find: ': table.transact([{ put: row, was }, ...beside, ...systemEventWrites(reports)]);',
    replace: ': table.transact([{ put: row, was }, ...beside]);',
    functions: ['deliver'],
    checkers: ['system-events'],
    under: told,
  },
  {
    name: 'a system event is sent again as soon as more of it happened',
    file: 'lib/core/system-event/system-event.ts',
    find: 'sentAtMs === undefined || nowMs - sentAtMs >= reportSeconds * 1000;',
    replace: 'sentAtMs === undefined || nowMs - sentAtMs >= 0;',
    functions: ['relay'],
    checkers: ['system-events'],
    under: told,
  },
  {
    name: 'a write of statistics that fails takes its counts along',
    file: 'lib/runtime/stores/statistics.ts',
    find: 'const going = [...again.filter((one) => unsure.has(one)), ...due()];',
    replace: 'unsure.clear(); const going = due();',
    functions: ['deliver', 'publish'],
    checkers: ['statistics'],
    under: conditions({ serverError: 0.3 }, { minutes: 1, focus: { publish: 5, invoke: 5 } }),
  },
  {
    name: 'a write of statistics that was not answered is made once more',
    file: 'lib/runtime/stores/statistics.ts',
    find: 'return await untilFirst(world, conflictRoundsMax, () => table.transact(merges, token));',
    replace: 'if (await table.transact(merges)) return true;',
    functions: ['deliver', 'publish'],
    checkers: ['statistics'],
    under: conditions({ lostAnswer: 0.5 }, { minutes: 1, focus: { publish: 5, invoke: 5 } }),
  },
  {
    name: 'statistics forget the attempts that failed',
    file: 'lib/app/deliver/deliver.ts',
    find: 'const failed = attempts.length - delivered;',
    replace: 'const failed = 0;',
    functions: ['deliver'],
    checkers: ['statistics'],
    under: told,
  },
];
