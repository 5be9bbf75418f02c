// In place of `@smithy/core/event-streams`: no call of a function is answered by a stream of events.

export class EventStreamSerde {
  constructor() {
    throw new Error(
      'The bundles of functions have no streams of events: see lib/runtime/aws/shims/event-streams.ts.',
    );
  }
}

export const eventStreamSerdeProvider = (): undefined => undefined;
