import { type TestAlertsTools, testAlerts } from '../app/system-event/test-alerts.ts';
import { alertTestSchema } from '../core/system-event/alert-test.ts';
import { callsWith } from './call.ts';

const call = callsWith<TestAlertsTools>();

export const alertCalls = [
  call(
    'POST /v1/alerts/test',
    {
      summary: 'Test alerts',
      description:
        'One system event of each type, marked by `busbartest`, to a receiver of the caller that is subscribed to `busbar`, or to all of its application; filters apply. At most once a minute for each receiver.',
      tag: 'Receivers',
      caller: 'owner',
      body: alertTestSchema,
      responses: { 202: 'AlertTest' },
      errors: ['unknown_receiver', 'unknown_subscription'],
      example: { receiver: 'alerts' },
    },
    (tools, principal, { body }) => testAlerts(tools, principal, body),
  ),
];
