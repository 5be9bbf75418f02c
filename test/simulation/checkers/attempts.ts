import { byDelivery, type Checker } from './checker.ts';

/** No delivery has more attempts than its receiver's policy, nor a number that says so. */
export const attemptsWithinPolicy: Checker = {
  name: 'attempts-within-policy',
  *check({ model, attempts }) {
    for (const group of byDelivery(attempts).values()) {
      const [first] = group;
      const receiver = model.receivers.get(first?.receiver ?? '');
      if (first === undefined || receiver === undefined) continue;
      const most = Math.max(...receiver.delaysSeconds.map((delays) => delays.length)) + 1;
      const highest = Math.max(...group.map(({ number }) => number));
      // A redriven delivery begins anew, with the same count.
      if (highest <= most) continue;
      yield {
        message: `${first.eventId} had attempt ${highest} at ${receiver.name}, whose policy has ${most}.`,
        about: [first.eventId, receiver.name],
      };
    }
  },
};
