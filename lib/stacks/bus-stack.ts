import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { constructs } from '../connectors/stacks.ts';
import { type Declaration as Declared, orderedReceivers } from '../core/declaration/declaration.ts';
import { deadLettersStored } from '../core/redrive/dead-letter.ts';
import { settingOf } from '../core/sign-in/sign-in.ts';
import { variables } from '../runtime/config.ts';
import { Admin } from './admin.ts';
import { Alarms, countRetries } from './alarms.ts';
import { Api } from './api.ts';
import { Breaker } from './breaker.ts';
import { BusFunction } from './bus-function.ts';
import { type BusPartProps, placeOf } from './bus-part.ts';
import { Console } from './console.ts';
import { Dashboard } from './dashboard.ts';
import { Declaration } from './declaration.ts';
import { Delay } from './delay.ts';
import { Delivery } from './delivery.ts';
import { Hold } from './hold.ts';
import { Offload } from './offload.ts';
import { Outbox, Sweep } from './outbox.ts';
import { addOutputs } from './outputs.ts';
import {
  deliveryBatchingParameter,
  endpointParameters,
  metricsParameter,
  reserveByParameter,
} from './parameters.ts';
import { Pause } from './pause.ts';
import { Publish } from './publish.ts';
import { Redrive } from './redrive.ts';
import { Relay } from './relay.ts';
import { Schedule } from './schedule.ts';
import { BusTable } from './table.ts';
import { TableKey } from './table-key.ts';
import { Telemetry } from './telemetry.ts';
import { Trace } from './trace.ts';
import { Transaction } from './transaction.ts';
import { Validation } from './validation.ts';

export interface BusStackProps extends StackProps {
  /** Begins the name of everything the bus owns; at most 16 lower-case letters and digits. */
  readonly prefix: string;
  readonly declaration: Declared;
  /** The ARN of the team's KMS key for the tables; the AWS managed key when left out. */
  readonly tableKeyArn?: string | undefined;
}

/** The bus, part by part. Each part grants itself what it needs. */
export class BusStack extends Stack {
  constructor(scope: Construct, id: string, props: BusStackProps) {
    super(scope, id, props);
    const { prefix, declaration } = props;
    const place = placeOf(this, prefix);

    // What all parts share.
    const tableKey = new TableKey(this, 'TableKey', props.tableKeyArn);
    const { table } = new BusTable(this, 'Store', tableKey);
    const trace = new Trace(this, 'Traces', tableKey);
    const outbox = new Outbox(this, 'Outbox', place, tableKey);
    const delay = new Delay(this, 'Delay', place);
    const batching = deliveryBatchingParameter(this);
    const environment = {
      [variables.table]: table.tableName,
      [variables.prefix]: prefix,
      [variables.partition]: place.partition,
      [variables.account]: place.account,
      [variables.delayQueueUrl]: delay.queue.queueUrl,
      [variables.delayQueueArn]: delay.queue.queueArn,
      [variables.scheduleGroup]: prefix,
      [variables.makeTopics]: declaration.members.makeTopics,
      [variables.scheduleRoleArn]: delay.schedulerRole.roleArn,
      ...Object.assign({}, ...constructs.map((kind) => kind.environment(this))),
      [variables.deliveryBatching]: batching.valueAsString,
      [variables.metrics]: metricsParameter(this).valueAsString,
      ...endpointParameters(this, prefix),
      ...trace.environment,
    };
    const shared: BusPartProps = { place, environment, tableArn: table.tableArn, delay };
    const alarms = new Alarms(this, 'Alarms', {
      prefix,
      receivers: Object.keys(declaration.receivers),
      orderedReceivers: orderedReceivers(declaration),
      delayDeadLetters: delay.deadLetters.queueName,
    });

    // The path of an event.
    const { publish, url } = new Publish(this, 'Publish', shared);
    const { schedule } = new Schedule(this, 'Schedule', shared);
    const { deliver } = new Delivery(this, 'Delivery', shared);
    const ofKinds = constructs.map((kind) => kind.addSender(this, { ...shared, declaration }));
    const senders = [deliver, ...ofKinds.map((each) => each.function)];
    countRetries(this, prefix, senders);
    // One metric for all receivers, those that are made at run time among them. The line names the receiver.
    alarms.alarmOnLog(this, 'DeadLettersStored', {
      functions: senders,
      line: deadLettersStored,
      metricName: 'DeadLettersStored',
      description: 'Deliveries became dead letters. See docs/operating.md.',
    });
    const redrive = new Redrive(this, 'Redrive', shared);
    trace.grantWrite(publish, ...senders);

    // The registry.
    const { admin, keys } = new Admin(this, 'Admin', { ...shared, redriveQueueArn: redrive.queue.queueArn });
    trace.grantRead(admin);
    const { declare } = new Declaration(this, 'Declared', {
      ...shared,
      declaration,
      batchingSeconds: batching.valueAsNumber,
      senders: {
        deliver: deliver.function,
        ...Object.fromEntries(ofKinds.map((each) => [each.name, each.function.function])),
      },
    });
    new Telemetry(this, 'Telemetry', [publish, ...senders]);
    reserveByParameter(publish.function, 'PublishConcurrency', 'takes events');
    reserveByParameter(admin.function, 'AdminConcurrency', 'answers all other calls');
    const { console } = new Console(this, 'Console', shared);
    // Those that take requests, and the page, which sends people to the provider.
    if (declaration.oidc !== undefined) {
      const setting = settingOf(declaration.oidc);
      for (const each of [publish, admin, console]) each.function.addEnvironment(variables.signIn, setting);
    }
    const api = new Api(this, 'Api', { prefix, publish, admin, console });

    // Receivers that fail or are paused.
    const { probe } = new Breaker(this, 'Breaker', { ...shared, deliver, admin, alarms });
    new Pause(this, 'Pause', { ...shared, admin });

    // Topics on hold, and events that are stored before they are published.
    const { hold } = new Hold(this, 'Hold', { ...shared, admin, declare, alarms });
    const transaction = new Transaction(this, 'Transaction', { ...shared, admin, alarms });
    const { check } = transaction;
    new Sweep(this, 'Sweep', { ...shared, outbox, admin, alarms });
    const { relay } = new Relay(this, 'Relay', {
      ...shared,
      table,
      outbox,
      transactionQueue: transaction.queue,
      refusing: [check, schedule, hold, ...senders, probe],
      alarms,
    });

    // Hot types, and endpoints that must agree.
    new Offload(this, 'Offload', { ...shared, senders });
    const { validate } = new Validation(this, 'Validation', { ...shared, admin, declare });

    for (const kind of constructs) kind.addBridges(this, { ...shared, declaration, alarms, trace });

    trace.grantWrite(probe, check, relay);
    // Whoever calls endpoints knows the addresses of the bus, to which no events may go.
    for (const each of [admin, validate, declare, deliver, probe, check]) {
      each.function.addEnvironment(variables.apiUrl, api.api.apiEndpoint);
      each.function.addEnvironment(variables.publishUrl, url.url);
    }
    // Last, because it reads what the parts have granted themselves.
    const functions = this.node.findAll().filter((part) => part instanceof BusFunction);
    tableKey.grantUse(functions.filter(({ usesTables }) => usesTables));

    new Dashboard(this, 'Overview', {
      prefix,
      api: api.api,
      functions: { publish, deliver, admin, relay, schedule },
      tables: { bus: table, traces: trace.table },
      receivers: Object.keys(declaration.receivers),
      delayQueue: delay.queue,
    });
    addOutputs(this, { api: api.api, publishUrl: url.url, keys, alarmTopic: alarms.alarmTopic, table });
  }
}
