import { type AttemptsTools, listAttempts } from '../app/why/attempts.ts';
import { attemptStates } from '../core/why/attempted.ts';
import { callsWith } from './call.ts';
import { choice, named, page, text, time } from './parameters.ts';

const call = callsWith<AttemptsTools>();

export const deliveryCalls = [
  call(
    'GET /v1/deliveries',
    {
      summary: 'List the latest traced attempts, newest first',
      description:
        'At your receivers; and of the events of your topics, without what the endpoints of others answered. `notRecorded` says what is not traced: with the trace `failures`, the default on AWS, that is what was delivered at once. A page makes at most 64 reads of 1 MB: it may have few attempts, or none, and a cursor. An attempt appears when its batch is over; who follows asks again `since` half a minute ago, and leaves out what it knows.',
      tag: 'Events',
      caller: 'application',
      query: {
        receiver: named('At this receiver.'),
        topic: named('Of events of this topic.'),
        state: choice(
          'What the attempt came to; `failed` has those that were dead-lettered, too.',
          attemptStates,
        ),
        type: text('Of events of this type.'),
        since: time('Whose batch was over at this time or later. RFC 3339; 30 days ago when left out.'),
        until: time('Whose batch was over before this time. RFC 3339.'),
        ...page,
      },
      revalidates: true,
      responses: { 200: 'Deliveries' },
      errors: ['unknown_receiver', 'unknown_topic', 'forbidden'],
    },
    (tools, principal, { query }) => listAttempts(tools, principal, query),
  ),
];
