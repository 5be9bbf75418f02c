import * as z from 'zod';
import { nameSchema } from '../kernel/spec.ts';
import { idOf, type Reported, type SystemEvent } from './system-event.ts';
import { systemEventNames, systemEventTypes } from './types.ts';

/** Which alerts are tested: those of one receiver, or of all that the application of the key owns. */
export const alertTestSchema = z.strictObject({ receiver: nameSchema.optional() });
export type AlertTestSpec = z.infer<typeof alertTestSchema>;

/** What is stored of a test: it is for one receiver, and sent as one event of each type. */
export const alertTestOf = (receiver: string, owner: string, nowMs: number): SystemEvent => ({
  type: 'busbar.breaker.opened',
  subject: `receivers/${receiver}`,
  about: [owner],
  data: {},
  atMs: nowMs,
  testOf: receiver,
});

/** One event of each type, with the examples of the table, which all say that they are a test. */
export function eventsOfTest(test: Reported): Reported[] {
  return systemEventNames.map((type) => {
    const { subject, example } = systemEventTypes[type];
    const name = example[subject === 'keys' ? 'keyId' : subject.slice(0, -1)];
    const { about, atMs, sinceMs, testOf } = test;
    return {
      type,
      subject: `${subject}/${String(name)}`,
      about,
      data: example,
      atMs,
      sinceMs,
      id: idOf(test.id, type),
      ...(testOf !== undefined && { testOf }),
    };
  });
}
