import {
  AwsError,
  type Caller,
  type Engine,
  type Input,
  type Operation,
  type Output,
} from '../../../lib/stand-in/engines/engine.ts';
import type { Dice } from './dice.ts';
import type { History } from './history.ts';
import type { FaultRates } from './profile.ts';

/** The services, and what befalls calls to them. */
export interface ServiceWorld {
  readonly dice: Dice;
  readonly history: History;
  /** As they are now: healed is all zero. */
  rates(): FaultRates;
  /** Told of each call that a service is about to handle, which is what it bills. */
  onBilled(service: string, caller: Caller): void;
  /** Told of each call that a service handled well. */
  onCall(service: string, action: string, input: Input, output: Output): void;
}

/** The names of a throttle and of a fault of the service, as each service writes them. */
const refusals: Readonly<
  Record<string, { throttle: readonly [string, number]; fault: readonly [string, number] }>
> = {
  sqs: { throttle: ['RequestThrottled', 400], fault: ['InternalFailure', 500] },
  sns: { throttle: ['Throttling', 400], fault: ['InternalError', 500] },
  dynamodb: { throttle: ['ThrottlingException', 400], fault: ['InternalServerError', 500] },
  dynamodbstreams: { throttle: ['LimitExceededException', 400], fault: ['InternalServerError', 500] },
  scheduler: { throttle: ['ThrottlingException', 429], fault: ['InternalServerException', 500] },
  lambda: { throttle: ['TooManyRequestsException', 429], fault: ['ServiceException', 500] },
};

/** Where the entries of a batch call are. */
const entriesOf: Readonly<Record<string, string>> = {
  SendMessageBatch: 'Entries',
  DeleteMessageBatch: 'Entries',
  ChangeMessageVisibilityBatch: 'Entries',
  PublishBatch: 'PublishBatchRequestEntries',
};

interface Entry {
  readonly Id: string;
}
interface Message {
  readonly MessageId: string;
}

/** Has an engine throttle, fail, and do things partly or twice, as AWS may. Who owns the account meets none of it. */
export function faultyServices(sim: ServiceWorld): (engine: Engine) => Engine {
  const { dice } = sim;
  /** What was received lately, by queue. */
  const received = new Map<string, Message[]>();

  return (engine) => {
    const refusal = refusals[engine.service];
    const operations = Object.entries(engine.operations).map(([action, operation]): [string, Operation] => [
      action,
      {
        permissions: (input) => operation.permissions(input),
        handle: (...call) => handle(action, operation, ...call),
      },
    ]);
    return { ...engine, operations: Object.fromEntries(operations) };

    function handle(
      action: string,
      operation: Operation,
      input: Input,
      caller: Caller,
      signal?: AbortSignal,
    ): Output | Promise<Output> {
      const call = (changed: Input): Output | Promise<Output> => {
        sim.onBilled(engine.service, caller);
        const output = operation.handle(changed, caller, signal);
        if (output instanceof Promise) {
          return output.then((value) => {
            sim.onCall(engine.service, action, changed, value);
            return value;
          });
        }
        sim.onCall(engine.service, action, changed, output);
        return output;
      };
      if (caller.kind === 'root') return call(input);
      const rates = sim.rates();
      for (const kind of ['throttle', 'fault'] as const) {
        if (refusal === undefined || !dice.chance(kind === 'throttle' ? rates.throttle : rates.serverError))
          continue;
        const [code, status] = refusal[kind];
        sim.history.trace(`${code} ${action}`);
        throw new AwsError(code, 'A fault of the simulation', { status });
      }
      if (action === 'TransactWriteItems' && dice.chance(rates.transactionConflict)) throw conflict(input);
      const isSchedule = caller.kind === 'role' && /cheduler/.test(caller.roleArn);
      if (isSchedule && action !== 'GetQueueUrl' && dice.chance(rates.firedTwice)) {
        sim.history.note('fired twice', action);
        void call(input);
      }
      if (action === 'ReceiveMessage') return receive(input, call);
      if (/^DeleteMessage/.test(action) && isStandard(input) && dice.chance(rates.undeleted))
        return undeleted(action, input);
      const entriesName = entriesOf[action];
      if (entriesName !== undefined) return partly(entriesName, action, input, call);
      if (action === 'BatchWriteItem') return unprocessed(input, call);
      return call(input);
    }
  };

  function conflict(input: Input): AwsError {
    const items = Array.isArray(input.TransactItems) ? input.TransactItems : [];
    const unlucky = dice.between(0, Math.max(0, items.length - 1));
    const reasons = items.map((_, index) =>
      index === unlucky
        ? { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }
        : { Code: 'None' },
    );
    sim.history.trace('TransactionConflict');
    const codes = reasons.map(({ Code }) => Code).join(', ');
    return new AwsError(
      'TransactionCanceledException',
      `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
      { members: { CancellationReasons: reasons } },
    );
  }

  /** Each entry may fail by itself, before it took effect or after. */
  function partly(
    entriesName: string,
    action: string,
    input: Input,
    call: (input: Input) => Output | Promise<Output>,
  ): Output | Promise<Output> {
    const entries = [input[entriesName]].flat() as Entry[];
    const { failedEntry } = sim.rates();
    const failed = entries.filter(() => dice.chance(failedEntry));
    if (failed.length === 0) return call(input);
    const lost = failed.filter(() => dice.chance(0.7));
    const sent = entries.filter((entry) => !lost.includes(entry));
    const output = sent.length === 0 ? {} : atOnce(call({ ...input, [entriesName]: sent }));
    const failedIds = new Set(failed.map(({ Id }) => Id));
    const { Successful = [], Failed = [] } = (output ?? {}) as { Successful?: Entry[]; Failed?: Entry[] };
    sim.history.trace(`${action} fails for ${[...failedIds].join(',')}`);
    return {
      ...output,
      Successful: Successful.filter(({ Id }) => !failedIds.has(Id)),
      Failed: [
        ...Failed.filter(({ Id }) => !failedIds.has(Id)),
        ...[...failedIds].map((Id) => ({
          Id,
          SenderFault: false,
          Code: 'InternalError',
          Message: 'A fault of the simulation',
        })),
      ],
    };
  }

  /** DynamoDB gives back what it did not come to. */
  function unprocessed(
    input: Input,
    call: (input: Input) => Output | Promise<Output>,
  ): Output | Promise<Output> {
    const { failedEntry } = sim.rates();
    const left: Record<string, unknown[]> = {};
    const taken: Record<string, unknown[]> = {};
    for (const [table, requests] of Object.entries(input.RequestItems as Record<string, unknown[]>)) {
      for (const request of requests) {
        const side = dice.chance(failedEntry) ? left : taken;
        side[table] = [...(side[table] ?? []), request];
      }
    }
    if (Object.keys(left).length === 0) return call(input);
    const output = Object.keys(taken).length === 0 ? {} : atOnce(call({ ...input, RequestItems: taken }));
    return { ...output, UnprocessedItems: left };
  }

  function receive(input: Input, call: (input: Input) => Output | Promise<Output>): Output | Promise<Output> {
    const output = call(input);
    return output instanceof Promise ? output.then(change) : change(output);

    function change(answer: Output): Output {
      const messages = (answer?.Messages ?? []) as Message[];
      if (!isStandard(input) || messages.length === 0) return answer;
      const rates = sim.rates();
      const url = String(input.QueueUrl);
      const earlier = received.get(url) ?? [];
      received.set(url, [...earlier, ...messages].slice(-20));
      const isNew = ({ MessageId }: Message) => messages.every((other) => other.MessageId !== MessageId);
      const again =
        messages.length < Number(input.MaxNumberOfMessages ?? 1) && dice.chance(rates.duplicateMessage)
          ? dice.shuffled(earlier.filter(isNew)).slice(0, 1)
          : [];
      if (again.length > 0) sim.history.trace(`received again ${again[0]?.MessageId}`);
      const all = [...messages, ...again];
      return { ...answer, Messages: dice.chance(rates.reorder) ? dice.shuffled(all) : all };
    }
  }

  /** Says that it deleted, and did not: the message comes again when its visibility timeout ends. */
  function undeleted(action: string, input: Input): Output {
    sim.history.trace(`undeleted by ${action}`);
    if (action === 'DeleteMessage') return {};
    return { Successful: ([input.Entries].flat() as Entry[]).map(({ Id }) => ({ Id })) };
  }
}

const isStandard = (input: Input) => !String(input.QueueUrl).endsWith('.fifo');

/** An engine answers in one turn, but for what waits by nature. */
function atOnce(output: Output | Promise<Output>): Output {
  if (output instanceof Promise) throw new Error('This call does not wait.');
  return output;
}
