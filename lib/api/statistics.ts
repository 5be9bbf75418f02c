import { applicationStatistics } from '../app/statistics/application.ts';
import { type ReceiverStatisticsTools, receiverStatistics } from '../app/statistics/receiver.ts';
import { topicStatistics } from '../app/statistics/topic.ts';
import { steps } from '../core/statistics/steps.ts';
import type { Tools } from '../runtime/tools.ts';
import { callsWith } from './call.ts';
import { choice, time } from './parameters.ts';

const call = callsWith<ReceiverStatisticsTools & Tools<'applications'>>();

const period = {
  since: time(
    'From the step that contains this time. RFC 3339; an hour, two days or a month ago when left out.',
  ),
  until: time('Before this time. RFC 3339; now when left out.'),
  step: choice(
    'Seconds of a point: minutes are kept for 2 days, hours for 60, days for 400. 60 when left out.',
    steps,
  ),
} as const;

export const statisticsCalls = [
  call(
    'GET /v1/receivers/{receiver}/statistics',
    {
      summary: 'Show what a receiver got, how fast, and what waits',
      description:
        '`delivered` counts deliveries, `failed` attempts. Latencies are of attempts, within 5 %, and null where there was none. `now` is as SQS counts: roughly. `oldestSeconds` is for how long the oldest event has waited since it entered its lane, as far as the bus has seen, retries included. An instance of a function may keep up to 30 s of its counts to itself.',
      tag: 'Statistics',
      caller: 'owner',
      query: period,
      responses: { 200: 'ReceiverStatistics' },
      errors: ['unknown_receiver'],
    },
    (tools, principal, { path, query }) => receiverStatistics(tools, principal, path.receiver, query),
  ),
  call(
    'GET /v1/topics/{topic}/statistics',
    {
      summary: 'Show what was published to a topic',
      description:
        '`accepted` counts events that were held or wait for their time, too. `bytes` is what the accepted events have as JSON.',
      tag: 'Statistics',
      caller: 'owner',
      query: period,
      responses: { 200: 'TopicStatistics' },
      errors: ['unknown_topic'],
    },
    (tools, principal, { path, query }) => topicStatistics(tools, principal, path.topic, query),
  ),
  call(
    'GET /v1/applications/{application}/statistics',
    {
      summary: 'Show what an application used, month by month',
      description:
        'What it published, what its receivers got, and `costDollars`: an estimate, at list prices, of what AWS charges for that.',
      tag: 'Statistics',
      caller: 'owner',
      query: {
        since: time('From the month that contains this time. RFC 3339; eleven months before when left out.'),
        until: period.until,
      },
      responses: { 200: 'ApplicationStatistics' },
      errors: ['unknown_application'],
    },
    (tools, principal, { path, query }) => applicationStatistics(tools, principal, path.application, query),
  ),
];
