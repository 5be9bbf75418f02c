import { verify } from '../../../lib/client/verify.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';
import { registryCacheSeconds } from '../../../lib/runtime/stores/registry.ts';
import type { Checker } from './checker.ts';

/**
 * Every request is signed by a secret of its receiver, and proves as a consumer would prove it: also one that goes by
 * the newest secret alone, as soon as the bus has no older one in its memory.
 */
export const signatures: Checker = {
  name: 'signatures',
  *check({ model, attempts, profile }) {
    // What a function remembers of a receiver, and a batch that began with it.
    const settleMs = (registryCacheSeconds + bus.deliverTimeoutSeconds) * 1000 + 2 * profile.clockSkewMsMax;
    for (const { receiver, eventId, request, startMs } of attempts) {
      const all = model.receivers.get(receiver)?.secrets ?? [];
      const newest = all.at(-1);
      const isKnown = newest !== undefined && newest.knownFromMs + settleMs < startMs;
      const secrets = (isKnown ? [newest] : all).map(({ text }) => text);
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
