import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { bridgeFails } from '../../../core/bridge/pressure.ts';
import { bus } from '../../../core/kernel/limits.ts';
import { eventRefused } from '../../../core/refused/refused.ts';
import type { Alarms } from '../../../stacks/alarms.ts';
import { BusFunction } from '../../../stacks/bus-function.ts';
import type { BusPartProps } from '../../../stacks/bus-part.ts';
import { reasons } from '../../../stacks/nag.ts';
import { grantPublishing } from '../../../stacks/publish.ts';
import type { Trace } from '../../../stacks/trace.ts';
import { addToVpc } from '../../../stacks/vpc.ts';
import { type Bridge, writeBridge } from '../bridge.ts';
import { variables } from '../config.ts';

interface BridgesProps extends BusPartProps {
  readonly bridges: Readonly<Record<string, Bridge>>;
  readonly alarms: Alarms;
  readonly trace: Trace;
}

/** Lambda takes 4 KB of environment, and the bus's own variables are a third of it. */
const describedCharactersMax = 2500;

/** A function and a schedule for each bridge that is declared; where there is none, nothing. */
export class Bridges extends Construct {
  constructor(scope: Construct, id: string, props: BridgesProps) {
    super(scope, id);
    const functions = Object.entries(props.bridges).map(([name, bridge]) =>
      this.addBridge(props, name, bridge),
    );
    if (functions.length === 0) return;
    const { alarms } = props;
    alarms.alarmOnLog(this, 'Fails', {
      functions,
      line: bridgeFails,
      metricName: 'BridgeFails',
      description:
        'A bridge cannot bring messages of RocketMQ: it cannot be reached, refuses the credentials, or a topic is missing. See docs/operating.md.',
    });
    alarms.alarmOnLog(this, 'Refused', {
      functions,
      line: eventRefused,
      metricName: 'MessagesRefused',
      description:
        'The bus refused a message of RocketMQ for good; it is listed by GET /v1/refused. See docs/operating.md.',
    });
  }

  private addBridge(props: BridgesProps, name: string, bridge: Bridge): BusFunction {
    const { place, environment, tableArn, delay, trace } = props;
    const described = writeBridge(name, bridge);
    if (described.length > describedCharactersMax) {
      throw new Error(
        `The bridge ${name} is declared in ${described.length} characters; ${describedCharactersMax} fit into the environment of its function. Declare two bridges.`,
      );
    }
    const pump = new BusFunction(this, `Bridge-${name}`, {
      name: `bridge-${name}`,
      bundle: 'bridge',
      entry: 'lib/connectors/rocketmq/functions/bridge.ts',
      prefix: place.prefix,
      description: `Brings messages of the RocketMQ group ${bridge.group} to topics`,
      timeoutSeconds: bus.bridgeTimeoutSeconds,
      memoryMb: 512,
      environment: { ...environment, [variables.bridge]: described },
    });
    grantPublishing(pump, { place, tableArn, delay });
    trace.grantWrite(pump);
    if (bridge.secret !== undefined) this.grantSecret(pump, bridge.secret);
    if (bridge.vpc !== undefined) addToVpc(pump, bridge.vpc);
    // The next minute's run is as good as a second try, and two of one bridge at a time help nobody.
    new CfnEventInvokeConfig(this, `Invoke-${name}`, {
      functionName: pump.function.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60,
    });
    delay.schedulerRole.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [pump.function.functionArn] }),
    );
    const schedule = new CfnSchedule(this, `Schedule-${name}`, {
      name: `${place.prefix}-bridge-${name}`,
      groupName: place.prefix,
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: pump.function.functionArn,
        roleArn: delay.schedulerRole.roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
    schedule.node.addDependency(delay.group, delay.schedulerRole);
    return pump;
  }

  /** An ARN as a whole names one secret; a name is behind what Secrets Manager adds to it: six characters. */
  private grantSecret(pump: BusFunction, secret: string): void {
    const action = ['secretsmanager:GetSecretValue'];
    if (secret.startsWith('arn:')) {
      pump.grant(action, [secret]);
      return;
    }
    const { partition, region, account } = Stack.of(this);
    const pattern = `arn:${partition}:secretsmanager:${region}:${account}:secret:${secret}-??????`;
    pump.grantByPattern(action, [pattern], reasons.secretByName);
  }
}
