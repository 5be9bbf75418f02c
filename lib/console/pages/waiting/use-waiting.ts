import type { WaitingEvents } from '../../api/types.ts';
import { useList } from '../../api/use.ts';

export type WaitingEvent = WaitingEvents['events'][number];

/** For which topic or receiver; empty for all. */
export interface Targets {
  readonly topic: string;
  readonly receiver: string;
}

/** The events that wait in one way. */
export const useWaiting = (state: WaitingEvent['state'], { topic, receiver }: Targets) =>
  useList<WaitingEvents, WaitingEvent>('/events', ({ events }) => events, {
    query: { state, topic, receiver },
    pollSeconds: 5,
    limit: 500,
  });
