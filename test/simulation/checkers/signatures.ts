import { verify } from '../../../lib/client/verify.ts';
import type { Checker } from './checker.ts';

/** Every request is signed by a secret of its receiver, and proves as a consumer would prove it. */
export const signatures: Checker = {
  name: 'signatures',
  *check({ model, attempts }) {
    for (const { receiver, eventId, request, startMs } of attempts) {
      const secrets = model.receivers.get(receiver)?.secrets ?? [];
      try {
        verify({ headers: request.headers, body: request.body ?? '', secrets, now: startMs });
      } catch (error) {
        yield {
          message: `The delivery of ${eventId} to ${receiver} does not prove: ${error}`,
          about: [eventId, receiver],
        };
      }
    }
  },
};
