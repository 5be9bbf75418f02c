import { CfnCondition, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  type CfnDashboard,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { queueName } from '../core/kernel/place.ts';
import { busMetrics, latencyMetric, metricsNamespace } from '../core/statistics/emf.ts';
import type { BusFunction } from './bus-function.ts';

/** A dashboard of more than 50 metrics is not among the three that are free; the others take up the rest. */
const receiversMax = 7;

export interface DashboardProps {
  readonly prefix: string;
  readonly api: HttpApi;
  readonly functions: Readonly<Record<string, BusFunction>>;
  readonly tables: Readonly<Record<string, Table>>;
  /** The declared ones. */
  readonly receivers: readonly string[];
  readonly delayQueue: Queue;
}

/**
 * One page on the bus, of metrics that AWS has anyway, and of those of the parameter `Metrics` if it is not off. An account
 * has three dashboards for nothing, and pays three dollars a month for each further one.
 */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { prefix, api, functions, tables, delayQueue } = props;
    const stack = Stack.of(this);
    const parameter = new CfnParameter(stack, 'Dashboard', {
      type: 'String',
      default: 'on',
      allowedValues: ['on', 'off'],
      description:
        'Whether there is a dashboard: an account has three for nothing, each further one is $3 a month',
    });
    const isOn = new CfnCondition(stack, 'HasDashboard', {
      expression: Fn.conditionEquals(parameter.valueAsString, 'on'),
    });
    parameter.overrideLogicalId('Dashboard');
    const period = Duration.minutes(5);
    const ofBus = (metricName: string, statistic = 'Sum') =>
      new Metric({ namespace: metricsNamespace(prefix), metricName, statistic, period });
    const each = <Of>(
      things: Readonly<Record<string, Of>>,
      metric: (thing: Of, label: string) => IMetric[],
    ) => Object.entries(things).flatMap(([label, thing]) => metric(thing, label));
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12, height: 6 });
    const receivers = props.receivers.slice(0, receiversMax);
    const ofQueue = (receiver: string, metricName: string) =>
      new Metric({
        namespace: 'AWS/SQS',
        metricName,
        dimensionsMap: { QueueName: queueName(prefix, receiver, 'online') },
        statistic: 'Maximum',
        label: receiver,
        period,
      });
    const dashboard = new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: `${prefix}-bus`,
      defaultInterval: Duration.hours(6),
      widgets: [
        [
          graph(
            'Requests of the API, and how many were refused',
            [
              api.metricCount({ period }),
              api.metricClientError({ period }),
              api.metricServerError({ period }),
            ],
            [api.metricLatency({ statistic: 'p99', period, label: 'p99' })],
          ),
          graph(
            'The bus: events and deliveries (with the parameter Metrics)',
            busMetrics
              .filter((name) => name !== latencyMetric && !name.endsWith('Bytes'))
              .map((name) => ofBus(name)),
            [ofBus(latencyMetric, 'p99')],
          ),
        ],
        [
          graph(
            'Errors and throttles of functions',
            each(functions, (one, label) => [
              one.function.metricErrors({ period, label: `${label} errors` }),
              one.function.metricThrottles({ period, label: `${label} throttles` }),
            ]),
          ),
          graph(
            'Executions at the same time, and how long they take',
            each(functions, (one, label) => [
              one.function.metric('ConcurrentExecutions', { period, label, statistic: 'Maximum' }),
            ]).slice(0, 3),
            each(functions, (one, label) => [
              one.function.metricDuration({ period, label: `${label} p99`, statistic: 'p99' }),
            ]).slice(0, 3),
          ),
        ],
        [
          graph(
            receivers.length < props.receivers.length
              ? `Events that wait, of the first ${receiversMax} declared receivers`
              : 'Events that wait, of declared receivers',
            receivers.map((receiver) => ofQueue(receiver, 'ApproximateNumberOfMessagesVisible')),
          ),
          graph(
            'The age of the oldest event that was received less than three times, seconds',
            receivers.map((receiver) => ofQueue(receiver, 'ApproximateAgeOfOldestMessage')),
          ),
        ],
        [
          graph(
            'Capacity of the tables, and what was throttled',
            each(tables, (table, label) => [
              table.metricConsumedReadCapacityUnits({ period, label: `${label}: read` }),
              table.metricConsumedWriteCapacityUnits({ period, label: `${label}: written` }),
            ]),
            each(tables, (table, label) => [
              table.metric('WriteThrottleEvents', { period, statistic: 'Sum', label: `${label}: throttled` }),
            ]),
          ),
          graph(
            'Dead letters, high backlogs, delayed events',
            [ofBus('DeadLettersStored'), ofBus('BacklogsHigh')],
            [delayQueue.metricApproximateNumberOfMessagesVisible({ period, label: 'timers that are due' })],
          ),
        ],
        [
          new TextWidget({
            markdown:
              'Receivers that were made at run time have no metric of their own: `busbar status` shows all of them. See docs/operating.md.',
            width: 24,
            height: 2,
          }),
        ],
      ],
    });
    const resource = dashboard.node.defaultChild as CfnDashboard;
    resource.cfnOptions.condition = isOn;
  }
}
