import { type Description, describe } from './call.ts';

/** The calls that `functions/publish.ts` carries out; it takes the same events by invocation. */

const publishing = {
  tag: 'Publish',
  caller: 'owner',
  body: { events: 'every form' },
  responses: { 202: 'Published' },
} as const satisfies Partial<Description>;

/** The codes of one event, wherever it is given. */
export const eventErrors = [
  'invalid_event',
  'source_reserved',
  'event_too_large',
  'schema_mismatch',
  'id_conflict',
  'all_rejected',
] as const;

const publishErrors = [
  ...eventErrors,
  'malformed_json',
  'empty_batch',
  'batch_too_long',
  'claimed',
  'unsupported_media_type',
] as const;

export const publishCalls = [
  describe('POST /v1/topics/{topic}/events', {
    ...publishing,
    needs: 'publish',
    summary: 'Publish events to a topic',
    description:
      'A CloudEvent (structured, batch or binary mode), or the shorthand `{type, data, id?, source?, subject?, time?, delaySeconds?, deliverAt?}`, one or an array.',
    errors: [...publishErrors, 'unknown_topic'],
  }),
  describe('POST /v1/receivers/{receiver}/events', {
    ...publishing,
    needs: 'invoke',
    summary: 'Invoke a receiver with events',
    description: 'The same, straight to one receiver.',
    errors: [...publishErrors, 'unknown_receiver'],
  }),
];
