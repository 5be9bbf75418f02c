import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { CreateScheduleGroupCommand } from '@aws-sdk/client-scheduler';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { create as createCheckTransaction } from '../../functions/check-transaction.ts';
import { create as createDeliver } from '../../functions/deliver.ts';
import { create as createHold } from '../../functions/hold.ts';
import { create as createOffload } from '../../functions/offload.ts';
import { create as createPause } from '../../functions/pause.ts';
import { create as createProbe } from '../../functions/probe.ts';
import { create as createRedrive } from '../../functions/redrive.ts';
import { create as createRelay } from '../../functions/relay.ts';
import { create as createSchedule } from '../../functions/schedule.ts';
import { create as createValidate } from '../../functions/validate.ts';
import { deliver } from '../../lib/app/deliver/deliver.ts';
import { sinks } from '../../lib/connectors/index.ts';
import type { RocketMqRuntime } from '../../lib/connectors/rocketmq/client.ts';
import { create as createDeliverRocketMq } from '../../lib/connectors/rocketmq/functions/deliver.ts';
import { createSenders } from '../../lib/connectors/senders.ts';
import type { Principal } from '../../lib/core/access/access.ts';
import type { HttpResult } from '../../lib/core/kernel/http-result.ts';
import { type Lane, type QueueRole, queueName } from '../../lib/core/kernel/place.ts';
import type { Receiver } from '../../lib/core/registry/receiver.ts';
import { orderAttribute } from '../../lib/core/routing/order.ts';
import { receivedMessage } from '../../lib/runtime/aws/queue-messages.ts';
import { parseConfig } from '../../lib/runtime/config.ts';
import type { HttpRequest } from '../../lib/runtime/http/http.ts';
import { open } from '../../lib/runtime/open.ts';
import type { Runtime } from '../../lib/runtime/runtime.ts';
import * as stores from '../../lib/runtime/stores.ts';
import { delivering } from '../../lib/runtime/tools.ts';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import type { Engine, Host, Input, Operation, Output, Service } from '../../lib/stand-in/engines/engine.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { createScheduler } from '../../lib/stand-in/engines/scheduler/index.ts';
import { createSns } from '../../lib/stand-in/engines/sns/index.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { requestHandler } from '../../lib/stand-in/request-handler.ts';
import { MemoryBroker } from '../rocketmq/memory-broker.ts';
import { testAccount } from '../stand-in/account.ts';
import { createFunction, lambdaCode } from '../stand-in/lambda.ts';

export const admin: Principal = { application: 'ops', role: 'admin' };
export const member = (application: string): Principal => ({ application, role: 'member' });

export const environment = {
  BUSBAR_TABLE: 'busbar-table',
  BUSBAR_PREFIX: 'busbar',
  BUSBAR_PARTITION: 'aws',
  BUSBAR_ACCOUNT: '000000000000',
  BUSBAR_DELAY_QUEUE_URL: 'http://127.0.0.1:4566/000000000000/busbar-delay',
  BUSBAR_DELAY_QUEUE_ARN: 'arn:aws:sqs:us-east-1:000000000000:busbar-delay',
  BUSBAR_SCHEDULE_GROUP: 'busbar',
  BUSBAR_SCHEDULE_ROLE_ARN: 'arn:aws:iam::000000000000:role/busbar-scheduler',
  BUSBAR_ROCKETMQ_ENDPOINTS: 'none',
  BUSBAR_ENDPOINTS: 'any',
  BUSBAR_ENDPOINT_PORTS: 'any',
  BUSBAR_VALIDATE: 'none',
  BUSBAR_ORIGIN: 'bus.example.com',
  BUSBAR_TRACE_TABLE: 'busbar-traces',
  BUSBAR_TRACE: 'failures',
  AWS_REGION: 'us-east-1',
} as const;

/** The name under which writes for statistics are intercepted. */
export const statisticsWrites = 'dynamodb.TransactWriteItems of statistics';

const isOfStatistics = (operation: string, { TransactItems }: Input): boolean =>
  operation === 'dynamodb.TransactWriteItems' &&
  Array.isArray(TransactItems) &&
  TransactItems.every(({ Update }) => Update?.TableName === environment.BUSBAR_TRACE_TABLE);

/** The same of what is written for the overview, one row at a time. */
const isOfOverview = (operation: string, { Key }: Input): boolean =>
  operation === 'dynamodb.UpdateItem' &&
  /^(overview|failing)#/.test((Key as { pk?: { S?: string } } | undefined)?.pk?.S ?? '');

/** Takes the place of one AWS operation; `next` runs the real one. */
type Interceptor = (
  input: Input,
  next: (input?: Input) => Output | Promise<Output>,
) => Output | Promise<Output>;

/** How an endpoint answers; a status alone will do. */
type Endpoint = (request: HttpRequest) => number | HttpResult | Promise<number | HttpResult>;

export const answer = (status: number, headers: Record<string, string> = {}, body = ''): HttpResult => ({
  kind: 'answer',
  status,
  headers,
  body,
});

/**
 * The bus's use cases on an account in memory: real SDK clients, a clock that the test moves, and endpoints that
 * the test answers for. Queues are polled only after `run()`; before, a test takes batches itself by `runLane`.
 * @param whenEnded is given what closes it, where no test runs.
 */
export async function testBus(
  startMs?: number,
  whenEnded: (close: () => Promise<void>) => void = onTestFinished,
) {
  const interceptors = new Map<string, Interceptor>();
  const calls: string[] = [];
  const random = seededRandom(7);

  const watched =
    (build: (host: Host) => Engine) =>
    (host: Host): Engine => {
      const engine = build(host);
      const operations = Object.fromEntries(
        Object.entries(engine.operations).map(([name, operation]) => [
          name,
          watch(`${engine.service}.${name}` as const, operation),
        ]),
      );
      return { ...engine, operations };
    };
  const watch = (name: `${Service}.${string}`, operation: Operation): Operation => ({
    permissions: (input) => operation.permissions(input),
    handle(input, caller, signal) {
      // What is written for statistics is a matter of their tests, and in the way of all others.
      if (isOfStatistics(name, input) || isOfOverview(name, input)) {
        const handle = () => operation.handle(input, caller, signal);
        const write = metersStatistics ? handle : () => account.meter.uncounted(handle);
        if (isOfOverview(name, input)) return write();
        return interceptors.get(statisticsWrites)?.(input, write) ?? write();
      }
      const target = input.QueueUrl ?? input.TopicArn ?? '';
      calls.push(`${name} ${String(target).split(/[:/]/).at(-1)}`.trim());
      const next = (changed = input) => operation.handle(changed, caller, signal);
      return interceptors.get(name)?.(input, next) ?? next();
    },
  });

  let metersStatistics = false;
  const idleInstances: ReturnType<typeof createDeliver>[] = [];
  let keepsInstances = false;
  const dynamodb = dynamodbEngines();
  const code = lambdaCode(
    {
      'busbar-check-transaction': (event) => createCheckTransaction(runtime)(event as never),
      'busbar-deliver': async (event) => {
        const instance = idleInstances.pop() ?? createDeliver(runtime);
        try {
          return await instance(event as never);
        } finally {
          if (keepsInstances) idleInstances.push(instance);
        }
      },
      'busbar-deliver-rocketmq': (event) => createDeliverRocketMq(runtime)(event as never),
      'busbar-hold': (event) => createHold(runtime)(event as never),
      'busbar-offload': (event) => createOffload(runtime)(event as never),
      'busbar-pause': (event) => createPause(runtime)(event as never),
      'busbar-probe': (event) => createProbe(runtime)(event as never),
      'busbar-redrive': (event) => createRedrive(runtime)(event as never),
      'busbar-relay': (event) => createRelay(runtime)(event as never),
      'busbar-schedule': (event) => createSchedule(runtime)(event as never),
      'busbar-validate': (event) => createValidate(runtime)(event as never),
    },
    { onStreamRecords: dynamodb.onStreamRecords },
  );
  const account = testAccount(
    [
      createSqs,
      createSns,
      ...dynamodb.builders,
      createScheduler({ onProblem: (problem) => lines.push(JSON.stringify(problem)) }),
      code.builder,
    ].map(watched),
    startMs === undefined ? {} : { startMs },
  );

  const lines: string[] = [];
  const requests: HttpRequest[] = [];
  const endpoints = new Map<string, Endpoint>();
  const broker = new MemoryBroker(account.clock);
  const runtime: Runtime & RocketMqRuntime = {
    rocketmq: broker,
    env: environment,
    clock: account.clock,
    random,
    log: (level, message, fields) => lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`),
    http: {
      async send(request) {
        requests.push(request);
        const outcome = (await endpoints.get(request.url)?.(request)) ?? answer(404);
        return typeof outcome === 'number' ? answer(outcome) : outcome;
      },
    },
    aws: {
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:4566',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: requestHandler(account.aws, root),
      maxAttempts: 1,
    },
  };

  for (const TableName of [environment.BUSBAR_TABLE, environment.BUSBAR_TRACE_TABLE]) {
    await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
  }
  await account.sqs.send(
    new CreateQueueCommand({ QueueName: 'busbar-delay', Attributes: { VisibilityTimeout: '180' } }),
  );
  await account.scheduler.send(new CreateScheduleGroupCommand({ Name: 'busbar' }));
  await account.sqs.send(
    new CreateQueueCommand({ QueueName: 'busbar-redrive', Attributes: { VisibilityTimeout: '360' } }),
  );
  for (const name of [
    'busbar-deliver',
    'busbar-deliver-rocketmq',
    'busbar-hold',
    'busbar-offload',
    'busbar-pause',
    'busbar-probe',
    'busbar-redrive',
    'busbar-schedule',
    'busbar-validate',
  ]) {
    await createFunction(account.lambda, name, {
      Timeout: name === 'busbar-schedule' ? 30 : name === 'busbar-hold' ? 900 : 60,
    });
  }
  await account.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'busbar-schedule',
      EventSourceArn: environment.BUSBAR_DELAY_QUEUE_ARN,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    }),
  );
  await account.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'busbar-redrive',
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:busbar-redrive',
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    }),
  );
  whenEnded(async () => {
    await account.aws.close();
  });

  const config = parseConfig(environment);
  /** The stores keep caches, as one instance of a function does; another instance has others. */
  /** The tools of another instance; with other variables than the others, if need be. */
  const newTools = (env: Readonly<Record<string, string>> = {}) => ({
    ...open(
      {
        ...runtime,
        env: { ...runtime.env, ...env },
        senderOf: (receiver: object) => sinks.of({ endpoint: '', ...receiver }).deliveredBy,
      },
      { ...stores, ...delivering, sinks: () => sinks, senders: createSenders },
    ),
    validate: config.validate,
    apiUrl: 'https://api.example.com' as string | undefined,
    lookup: async () => 'public' as const,
  });
  const tools = newTools();

  const urlOf = (receiver: string, role: QueueRole) =>
    `${config.queueUrlBase}/${queueName(config.prefix, receiver, role)}`;

  async function receive(queueUrl: string, max = 10) {
    const { Messages = [] } = await account.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: max,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map((message) => receivedMessage(message, queueUrl));
  }

  return {
    ...account,
    runtime,
    config,
    tools,
    newTools,
    /** Every AWS call so far, such as `sqs.SendMessageBatch busbar-shop-online`. */
    calls,
    /** The lines of the log. */
    lines,
    /** What endpoints were sent. */
    requests,
    /** The RocketMQ cluster, whatever endpoint is named. */
    broker,
    urlOf,
    receive,
    endpoint: (url: string, respond: Endpoint) => void endpoints.set(url, respond),
    intercept: (operation: `${Service}.${string}`, interceptor: Interceptor) =>
      void interceptors.set(operation, interceptor),
    restore: (operation: `${Service}.${string}`) => void interceptors.delete(operation),

    /** Has the meter count what is written for statistics; else it leaves that out. */
    meterStatistics() {
      metersStatistics = true;
    },

    /** Has invocations of the deliver function find what earlier ones of their instance remember; else each is the first. */
    keepInstances() {
      keepsInstances = true;
    },

    /** Starts the pollers of every mapping. */
    run() {
      for (const engine of account.aws.engines.values()) engine.resume?.();
    },

    /** A receiver in the registry with its queues. */
    async receiver(name: string, fields: object = {}): Promise<Receiver> {
      const receiver: Receiver = {
        receiver: name,
        owner: 'shop',
        endpoint: `https://${name}.example.com/events`,
        secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
        state: 'active',
        declared: false,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
        ...fields,
      };
      await tools.registry.changeReceiver(name, () => receiver);
      await tools.provision.putReceiver(name, receiver);
      return receiver;
    },

    /** A topic in the registry and in SNS. */
    async topic(name: string, fields: object = {}): Promise<void> {
      const owner = 'owner' in fields ? String(fields.owner) : 'shop';
      await tools.provision.putTopic(name, 'ordered' in fields && fields.ordered !== false, owner);
      await tools.registry.changeTopic(name, () => ({
        topic: name,
        owner: 'shop',
        declared: false,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
        ...fields,
      }));
    },

    /** A subscription in the registry and in SNS; its topic and receiver are there. */
    async subscription(topic: string, receiver: string, filter?: object): Promise<void> {
      const [source, sink] = await Promise.all([
        tools.registry.topic(topic),
        tools.registry.receiver(receiver),
      ]);
      if (source === undefined || sink === undefined)
        throw new Error('Make the topic and the receiver first.');
      const settings = { filter: filter as never, isOrdered: orderAttribute(source) !== undefined };
      await tools.provision.putSubscription(topic, receiver, settings, sink);
      await tools.registry.changeSubscription(topic, receiver, () => ({
        topic,
        receiver,
        ...(filter !== undefined && { filter: filter as never }),
        declared: false,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
      }));
    },

    /** Takes one batch from the receiver's lane as a mapping does: what is not kept is deleted. Another instance has other caches. */
    async runLane(name: string, instance = tools, role: Lane = 'online') {
      const messages = await receive(urlOf(name, role));
      const kept = await deliver(instance, { receiver: name, role, messages });
      for (const { messageId, receiptHandle } of messages) {
        if (kept.includes(messageId)) continue;
        await account.sqs.send(
          new DeleteMessageCommand({ QueueUrl: urlOf(name, role), ReceiptHandle: receiptHandle }),
        );
      }
      return { received: messages.length, kept: kept.length };
    },

    /** How many messages a queue holds: to be received now, in flight, and delayed. */
    async count(queueUrl: string): Promise<{ ready: number; inFlight: number; delayed: number }> {
      const { Attributes = {} } = await account.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
      );
      return {
        ready: Number(Attributes.ApproximateNumberOfMessages),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
        delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
      };
    },

    /** The partition keys of the table that start so. */
    async rows(prefix: string): Promise<string[]> {
      const { Items = [] } = await account.dynamodb.send(
        new ScanCommand({ TableName: environment.BUSBAR_TABLE }),
      );
      return Items.map((item) => item.pk?.S ?? '').filter((pk) => pk.startsWith(prefix));
    },
  };
}

export type TestBus = Awaited<ReturnType<typeof testBus>>;

/** A request with events in the shorthand. */
export const shorthand = (body: unknown) => ({
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});
