import type { Checker } from './checker.ts';

/** When all is over no queue holds anything but dead letters, and no row waits for something. */
export const settled: Checker = {
  name: 'settled',
  *check({ leftInQueues, leftInTable }) {
    for (const left of leftInQueues) yield { message: `Messages are left: ${left}.`, about: [] };
    for (const left of leftInTable) yield { message: `A row is left: ${left}.`, about: [] };
  },
};
