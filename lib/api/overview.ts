import { type OverviewTools, overview } from '../app/overview/overview.ts';
import { callsWith } from './call.ts';
import { time } from './parameters.ts';

const call = callsWith<OverviewTools>();

export const overviewCalls = [
  call(
    'GET /v1/overview',
    {
      summary: 'Show how the bus is',
      description:
        'What came and went by minutes, and what is not as it should be: the receivers that are not well, the worst first; holds, redrives that run or halted, and open requests. An admin sees the whole bus, others what their application owns. Ask for it every few seconds, with its `ETag`: it costs the same however many receivers there are. `points` are about right, and complete two minutes later at most; the queues of the ten worst receivers are counted once a minute. `partial` says that more is not well than is looked through.',
      tag: 'Statistics',
      caller: 'application',
      query: {
        since: time(
          'From the minute that contains this time. RFC 3339; an hour ago when left out, and two days ago at most.',
        ),
        until: time('Before this time. RFC 3339; now when left out.'),
      },
      revalidates: true,
      responses: { 200: 'Overview' },
    },
    (tools, principal, { query }) => overview(tools, principal, query),
  ),
];
