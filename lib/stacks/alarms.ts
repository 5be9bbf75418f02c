import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Lane, queueName } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';

/** An event that waited longer than this in a lane has an operator look. */
const backlogAgeSecondsMax = 15 * 60;

/**
 * For each declared receiver: someone is told when an event died, and when events wait too long. Both watch
 * metrics of SQS itself, which cost nothing; an alarm costs ten cents a month for each metric that it reads.
 */
export class Alarms extends Construct {
  /** Where every alarm is told. It costs nothing until someone subscribes. */
  readonly alarmTopic: Topic;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly prefix: string;
      readonly receivers: readonly string[];
      /** Those that have an ordered lane. */
      readonly orderedReceivers: readonly string[];
      readonly delayDeadLetters: string;
    },
  ) {
    super(scope, id);
    this.alarmTopic = new Topic(this, 'Topic', {
      // With an underscore, which no topic of a team has: the functions' rights do not reach it.
      topicName: `${props.prefix}_alarms`,
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
      this.addDeadLetters(
        `DeadLetters-${receiver}`,
        queueName(props.prefix, receiver, 'dead-letters'),
        receiver,
      );
      this.addBacklog(`Backlog-${receiver}`, props.prefix, receiver, 'online');
    }
    for (const receiver of props.orderedReceivers) {
      this.addDeadLetters(
        `OrderedDeadLetters-${receiver}`,
        queueName(props.prefix, receiver, 'ordered-dead-letters'),
        receiver,
      );
      this.addBacklog(`OrderedBacklog-${receiver}`, props.prefix, receiver, 'ordered');
    }
    this.addDeadLetters('DeadLetters-delay', props.delayDeadLetters, 'the delay queue');
  }

  private addBacklog(id: string, prefix: string, receiver: string, lane: Lane): void {
    this.tell(
      new Alarm(this, id, {
        alarmDescription: `The oldest event for ${receiver} waits for more than ${backlogAgeSecondsMax / 60} min: its endpoint is slow or fails, or it is disabled. See docs/operating.md.`,
        metric: waitingUnpaused(prefix, receiver, lane),
        threshold: backlogAgeSecondsMax,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 1,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }),
    );
  }

  private addDeadLetters(id: string, queue: string, of: string): void {
    this.tell(
      new Alarm(this, id, {
        alarmDescription: `There are dead letters of ${of}. See docs/operating.md.`,
        metric: queueMetric('ApproximateNumberOfMessagesVisible', queue),
        threshold: 0,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 1,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }),
    );
  }

  /** An alarm for a line of the log: one metric, however many functions write it. */
  tellOfLine(
    scope: Construct,
    id: string,
    about: {
      readonly functions: readonly BusFunction[];
      readonly line: string;
      readonly metricName: string;
      readonly prefix: string;
      readonly description: string;
    },
  ): void {
    const { functions, line, metricName, prefix } = about;
    const filters = functions.map(
      ({ logGroup, node }) =>
        new MetricFilter(scope, `${id}In${node.id}`, {
          logGroup,
          filterPattern: FilterPattern.stringValue('$.message', '=', line),
          metricNamespace: `Busbar/${prefix}`,
          metricName,
          metricValue: '1',
        }),
    );
    const [metric] = filters.map((filter) => filter.metric({ statistic: 'Sum' }));
    if (metric === undefined) throw new Error(`No function writes the line: ${line}`);
    this.tell(
      new Alarm(scope, `${id}Alarm`, {
        alarmDescription: about.description,
        metric,
        threshold: 0,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 1,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }),
    );
  }

  tell(alarm: Alarm): void {
    alarm.addAlarmAction(new SnsAction(this.alarmTopic));
    alarm.addOkAction(new SnsAction(this.alarmTopic));
  }
}

/** The metric by which a paused receiver is known; with a dimension for each, which is paid for while it is paused. */
export const pausedMetric = (prefix: string) => ({
  metricNamespace: `Busbar/${prefix}`,
  metricName: 'Paused',
});

/** For how long the oldest event in a lane of a receiver waits; 0 while it is paused, since events are to wait then. */
function waitingUnpaused(prefix: string, receiver: string, lane: Lane): MathExpression {
  const { metricNamespace: namespace, metricName } = pausedMetric(prefix);
  const period = Duration.minutes(5);
  return new MathExpression({
    expression: 'IF(FILL(paused, 0) > 0, 0, age)',
    label: 'Age of the oldest event, unless paused',
    period,
    usingMetrics: {
      age: queueMetric('ApproximateAgeOfOldestMessage', queueName(prefix, receiver, lane)).with({
        period,
      }),
      paused: new Metric({
        namespace,
        metricName,
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
