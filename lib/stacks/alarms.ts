import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { attemptRetriedLine } from '../core/deliver/delivery.ts';
import { type Lane, queueName } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';

/** An operator looks into it when an event waits in a lane for longer than this. */
const backlogAgeSecondsMax = 15 * 60;

/** Of five minutes: longer than the pause between two probes of an open breaker, when nothing else is tried. */
const backlogHoldsPeriods = 7;

/**
 * The alarms of the bus, among them two for each declared receiver: one for dead letters and one for events that wait
 * too long. Both read metrics of SQS, which are free; an alarm costs ten cents a month for each metric it reads.
 */
export class Alarms extends Construct {
  /** Every alarm notifies this topic. It costs nothing until someone subscribes. */
  readonly alarmTopic: Topic;
  readonly #prefix: string;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly prefix: string;
      readonly receivers: readonly string[];
      /** The receivers with an ordered lane. */
      readonly orderedReceivers: readonly string[];
      /** The name of the dead-letter queue of the delay queue. */
      readonly delayDeadLetters: string;
    },
  ) {
    super(scope, id);
    const { prefix } = props;
    this.#prefix = prefix;
    this.alarmTopic = new Topic(this, 'Topic', {
      // An underscore instead of a hyphen keeps the topic outside the functions' grants on `<prefix>-*`.
      topicName: `${prefix}_alarms`,
      displayName: 'Alarms of the event bus',
      enforceSSL: true,
    });
    this.alarmTopic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.alarmTopic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const receiver of props.receivers) {
      this.addDeadLetters(`DeadLetters-${receiver}`, queueName(prefix, receiver, 'dead-letters'), receiver);
      this.addBacklog(`Backlog-${receiver}`, receiver, 'online');
    }
    for (const receiver of props.orderedReceivers) {
      const deadLetters = queueName(prefix, receiver, 'ordered-dead-letters');
      this.addDeadLetters(`OrderedDeadLetters-${receiver}`, deadLetters, receiver);
      this.addBacklog(`OrderedBacklog-${receiver}`, receiver, 'ordered');
    }
    this.addDeadLetters('DeadLetters-delay', props.delayDeadLetters, 'the delay queue');
  }

  private addBacklog(id: string, receiver: string, lane: Lane): void {
    this.add(this, id, {
      description: `The oldest event for ${receiver} waits for more than ${backlogAgeSecondsMax / 60} min: its endpoint is slow or fails, or it is disabled. See docs/operating.md.`,
      metric: ageUnlessPaused(this.#prefix, receiver, lane),
      threshold: backlogAgeSecondsMax,
      holdsPeriods: backlogHoldsPeriods,
    });
  }

  private addDeadLetters(id: string, queue: string, owner: string): void {
    this.add(this, id, {
      description: `There are dead letters of ${owner}. See docs/operating.md.`,
      metric: queueMetric('ApproximateNumberOfMessagesVisible', queue),
    });
  }

  /** An alarm on a log line: one metric, however many functions write the line. */
  alarmOnLog(
    scope: Construct,
    id: string,
    props: {
      readonly functions: readonly BusFunction[];
      readonly line: string;
      readonly metricName: string;
      readonly description: string;
    },
  ): void {
    const { functions, line, metricName, description } = props;
    const filters = functions.map((each) =>
      countLine(scope, `${id}In${each.node.id}`, this.#prefix, { function: each, line, metricName }),
    );
    const [metric] = filters.map((filter) => filter.metric({ statistic: 'Sum' }));
    if (metric === undefined) throw new Error(`The alarm ${id} has no function that writes its line.`);
    this.add(scope, `${id}Alarm`, { description, metric });
  }

  /** An alarm that notifies when the metric exceeds the threshold (0 when left out), and when it no longer does. */
  add(
    scope: Construct,
    id: string,
    props: {
      readonly description: string;
      readonly metric: IMetric;
      readonly threshold?: number;
      /** For how many periods it stays after the last one that exceeded; 1 when left out. */
      readonly holdsPeriods?: number;
    },
  ): void {
    const { description, metric, threshold = 0, holdsPeriods = 1 } = props;
    const alarm = new Alarm(scope, id, {
      alarmDescription: description,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: holdsPeriods,
      ...(holdsPeriods > 1 && { datapointsToAlarm: 1 }),
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.alarmTopic));
    alarm.addOkAction(new SnsAction(this.alarmTopic));
  }
}

const namespaceOf = (prefix: string) => `Busbar/${prefix}`;

/** Counts a line of a function's log in a metric of the bus. */
export function countLine(
  scope: Construct,
  id: string,
  prefix: string,
  counted: {
    readonly function: BusFunction;
    readonly line: string;
    readonly metricName: string;
    /** Dimension -> the field of the line with its value. */
    readonly dimensions?: Readonly<Record<string, string>>;
    /** The field of the line that is the value; it counts 1 when left out. */
    readonly value?: string;
    /** A field that must be true. */
    readonly where?: string;
  },
): MetricFilter {
  const { function: writer, line, metricName, dimensions, value = '1', where } = counted;
  const isLine = FilterPattern.stringValue('$.message', '=', line);
  return new MetricFilter(scope, id, {
    logGroup: writer.logGroup,
    filterPattern:
      where === undefined ? isLine : FilterPattern.all(isLine, FilterPattern.booleanValue(where, true)),
    metricNamespace: namespaceOf(prefix),
    metricName,
    metricValue: value,
    ...(dimensions && { dimensions }),
  });
}

/** The metric of paused receivers, with a dimension for each; it costs only while one is paused. */
export const pausedMetricName = 'Paused';

/** How long events have waited that are tried again, with a dimension for each declared receiver that fails. */
const retryingMetricName = 'Retrying';

/** Has the backlog alarms see what functions retry. The lines are written anyway; the metric costs only while one fails. */
export function countRetries(scope: Construct, prefix: string, senders: readonly BusFunction[]): void {
  for (const sender of senders) {
    countLine(scope, `RetryingIn${sender.node.id}`, prefix, {
      function: sender,
      line: attemptRetriedLine,
      metricName: retryingMetricName,
      dimensions: { Receiver: '$.receiver' },
      value: '$.waitedSeconds',
      where: '$.declared',
    });
  }
}

/**
 * The age of the oldest event in a lane; 0 while the receiver is paused, because events should wait then. SQS's own metric
 * leaves out messages that were received three times or more, so the age of what is retried comes from the log.
 */
function ageUnlessPaused(prefix: string, receiver: string, lane: Lane): MathExpression {
  const period = Duration.minutes(5);
  return new MathExpression({
    expression: 'IF(FILL(paused, 0) > 0, 0, MAX([FILL(age, 0), FILL(retrying, 0)]))',
    label: 'Age of the oldest event, unless paused',
    period,
    usingMetrics: {
      age: queueMetric('ApproximateAgeOfOldestMessage', queueName(prefix, receiver, lane)).with({
        period,
      }),
      retrying: new Metric({
        namespace: namespaceOf(prefix),
        metricName: retryingMetricName,
        dimensionsMap: { Receiver: receiver },
        statistic: 'Maximum',
        period,
      }),
      paused: new Metric({
        namespace: namespaceOf(prefix),
        metricName: pausedMetricName,
        dimensionsMap: { Receiver: receiver },
        statistic: 'Maximum',
        period,
      }),
    },
  });
}

function queueMetric(metricName: string, queue: string): Metric {
  return new Metric({
    namespace: 'AWS/SQS',
    metricName,
    dimensionsMap: { QueueName: queue },
    statistic: 'Maximum',
    period: Duration.minutes(1),
  });
}
