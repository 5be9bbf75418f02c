import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Bridges } from '../connectors/rocketmq/stacks/bridge.ts';
import { RocketMqReceiver } from '../connectors/rocketmq/stacks/receiver.ts';
import { type Declaration as Declared, orderedReceivers } from '../core/declaration/declaration.ts';
import { endpointPortsDefault } from '../core/kernel/endpoint.ts';
import { variables } from '../runtime/config.ts';
import { Admin } from './admin.ts';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import { Breaker } from './breaker.ts';
import { BusFunction } from './bus-function.ts';
import { placeOf } from './bus-part.ts';
import { Declaration } from './declaration.ts';
import { Delivery } from './delivery.ts';
import { Hold } from './hold.ts';
import { Offload } from './offload.ts';
import { Outbox, Sweep } from './outbox.ts';
import { Pause } from './pause.ts';
import { Publish } from './publish.ts';
import { Redrive } from './redrive.ts';
import { Relay } from './relay.ts';
import { Delay, Schedule } from './schedule.ts';
import { BusTable } from './table.ts';
import { TableKey } from './table-key.ts';
import { Trace } from './trace.ts';
import { Transaction } from './transaction.ts';
import { Validation, ValidationParameters } from './validation.ts';

export interface BusStackProps extends StackProps {
  /** Starts the name of everything the bus owns; at most 16 lower-case letters and digits. */
  readonly prefix: string;
  readonly declaration: Declared;
  /** The ARN of a KMS key of the team's for the tables; AWS's own when left out. */
  readonly tableKeyArn?: string | undefined;
}

/** The bus, part by part. Each part grants itself what it needs. */
export class BusStack extends Stack {
  constructor(scope: Construct, id: string, props: BusStackProps) {
    super(scope, id, props);
    const { prefix, declaration } = props;
    const place = placeOf(this, prefix);
    const endpoints = new CfnParameter(this, 'Endpoints', {
      type: 'String',
      default: 'public',
      allowedValues: ['public', 'any'],
      description: 'Which endpoints receivers may have: public https, or any (for a laptop)',
    });
    const endpointPorts = new CfnParameter(this, 'EndpointPorts', {
      type: 'String',
      default: String(endpointPortsDefault),
      allowedPattern: '^(any|[0-9]{1,5}(,[0-9]{1,5})*)$',
      constraintDescription: 'must be any, or ports such as 443,8443',
      description: 'The ports at which endpoints of receivers may be, or any (for a laptop)',
    });

    const rocketMqEndpoints = new CfnParameter(this, 'RocketMqEndpoints', {
      type: 'String',
      default: 'none',
      allowedPattern: '^(none|[^, ]+:[0-9]{1,5}(,[^, ]+:[0-9]{1,5})*)$',
      constraintDescription: 'must be none, or proxies such as mq.example.com:8081,10.0.0.7:8081',
      description:
        'The RocketMQ proxies that receivers may name: the bus connects to whatever these name as brokers',
    });

    const tableKey = new TableKey(this, 'TableKey', props.tableKeyArn);
    const { table } = new BusTable(this, 'Store', tableKey);
    const delay = new Delay(this, 'Delay', place);
    const trace = new Trace(this, 'Traces', tableKey);
    const validation = new ValidationParameters(this, 'ValidationParameters', prefix);
    const tableArn = table.tableArn;
    const environment = {
      [variables.table]: table.tableName,
      [variables.prefix]: prefix,
      [variables.partition]: place.partition,
      [variables.account]: place.account,
      [variables.delayQueueUrl]: delay.queue.queueUrl,
      [variables.delayQueueArn]: delay.queue.queueArn,
      [variables.scheduleGroup]: prefix,
      [variables.scheduleRoleArn]: delay.schedulerRole.roleArn,
      [variables.endpoints]: endpoints.valueAsString,
      [variables.endpointPorts]: endpointPorts.valueAsString,
      [variables.rocketMqEndpoints]: rocketMqEndpoints.valueAsString,
      ...trace.environment,
      ...validation.environment,
    };

    const { publish } = new Publish(this, 'Publish', { place, environment, tableArn, delay });
    new Schedule(this, 'Schedule', { place, environment, tableArn, delay });
    const { deliver } = new Delivery(this, 'Delivery', { place, environment, tableArn });
    const { deliverRocketMq } = new RocketMqReceiver(this, 'RocketMqReceiver', {
      place,
      environment,
      tableArn,
      delay,
      vpc: declaration.rocketmq?.vpc,
    });
    const redrive = new Redrive(this, 'Redrive', { place, environment, tableArn });
    const { admin, keys } = new Admin(this, 'Admin', {
      place,
      environment,
      tableArn,
      redriveQueueArn: redrive.queue.queueArn,
      delay,
    });
    trace.grantWrite(publish);
    trace.grantWrite(deliver);
    trace.grantWrite(deliverRocketMq);
    trace.grantRead(admin);
    const { api } = new Api(this, 'Api', { prefix, publish: publish.function, admin: admin.function });
    const { declare } = new Declaration(this, 'Declared', {
      place,
      environment,
      tableArn,
      declaration,
      senders: { deliver: deliver.function, 'deliver-rocketmq': deliverRocketMq.function },
    });
    const alarms = new Alarms(this, 'Alarms', {
      prefix,
      receivers: Object.keys(declaration.receivers),
      orderedReceivers: orderedReceivers(declaration),
      delayDeadLetters: delay.deadLetters.queueName,
    });
    const { probe } = new Breaker(this, 'Breaker', {
      place,
      environment,
      tableArn,
      delay,
      deliver,
      admin,
      alarms,
    });
    trace.grantWrite(probe);
    new Pause(this, 'Pause', { place, environment, tableArn, delay, admin });
    const transaction = new Transaction(this, 'Transaction', {
      place,
      environment,
      tableArn,
      delay,
      admin,
      alarms,
    });
    const outbox = new Outbox(this, 'Outbox', place, tableKey);
    new Sweep(this, 'Sweep', { place, environment, outbox, delay, admin, alarms });
    const { relay } = new Relay(this, 'Relay', {
      place,
      environment,
      table,
      outbox,
      delay,
      timers: transaction.queue,
      check: transaction.check,
      alarms,
    });
    for (const sender of [transaction.check, relay]) trace.grantWrite(sender);
    new Hold(this, 'Hold', { place, environment, tableArn, delay, admin, declare, alarms });
    new Offload(this, 'Offload', {
      place,
      environment,
      tableArn,
      delay,
      senders: [deliver, deliverRocketMq],
    });

    const validate = new Validation(this, 'Validation', {
      place,
      environment,
      tableArn,
      delay,
      admin,
      declare,
    });
    validate.tellApiUrl(api.apiEndpoint, admin);
    new Bridges(this, 'Bridges', {
      place,
      environment,
      bridges: declaration.bridges,
      tableArn,
      delay,
      alarms,
      trace,
    });

    // Last, when every part has granted itself what it needs.
    const parts = this.node.findAll().filter((part) => part instanceof BusFunction);
    tableKey.grantUse(parts.filter(({ usesTables }) => usesTables));

    new CfnOutput(this, 'ApiUrl', { description: 'The URL of the HTTP API', value: api.apiEndpoint });
    new CfnOutput(this, 'FirstAdminKey', {
      description: 'Makes an admin key and shows it, once',
      value:
        `aws lambda invoke --function-name ${keys.function.functionName} --cli-binary-format raw-in-base64-out ` +
        `--payload '{"action":"create","application":"admin","role":"admin"}' /dev/stdout`,
    });
    new CfnOutput(this, 'KeysFunction', {
      description: 'Makes and revokes keys',
      value: keys.function.functionName,
    });
    new CfnOutput(this, 'AlarmTopic', {
      description: 'Where alarms are sent: subscribe whoever is on call',
      value: alarms.alarmTopic.topicArn,
    });
    new CfnOutput(this, 'TableName', { description: 'The bus table', value: table.tableName });
  }
}
