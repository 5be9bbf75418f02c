import { byDelivery, type Checker } from './checker.ts';

/** No delivery has more attempts than its receiver's policy, nor a number that says so. */
export const attemptsWithinPolicy: Checker = {
  name: 'attempts-within-policy',
  *check({ model, attempts, deaths }) {
    for (const group of byDelivery(attempts).values()) {
      const [first] = group;
      const receiver = model.receivers.get(first?.receiver ?? '');
      if (first === undefined || receiver === undefined) continue;
      const most = Math.max(...receiver.delaysSeconds.map((delays) => delays.length)) + 1;
      // A dead letter that is received again was not acknowledged, or put back by hand: it is tried, and never dropped.
      const tooMany = group.find(
        ({ number, startMs, deliveryId }) =>
          number > most && (deaths.get(deliveryId) ?? Number.POSITIVE_INFINITY) > startMs,
      );
      if (tooMany === undefined) continue;
      yield {
        message: `${first.eventId} had attempt ${tooMany.number} at ${receiver.name}, whose policy has ${most}.`,
        about: [first.eventId, receiver.name],
      };
    }
  },
};
