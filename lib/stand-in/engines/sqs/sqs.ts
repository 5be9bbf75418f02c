import type { Caller, EpochMs, Host, Input, Permission } from '../engine.ts';
import { Deduplication } from './deduplication.ts';
import { invalidAddress, invalidValue, queueDoesNotExist } from './errors.ts';
import { requiredText } from './input.ts';
import { limits } from './limits.ts';
import { Message, type MessageRow } from './message.ts';
import { MoveTasks } from './move-tasks.ts';
import { messageTable, Queue, type QueueRow, type QueueWorld, queueTable } from './queue.ts';
import { type Attributes, createAttributes, settingsOf } from './queue-attributes.ts';

const runTable = 'sqs.runs';

const queueName = '[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\\.fifo';
const queueUrl = new RegExp(`/(\\d{12})/(${queueName})/?$`);
const bareName = new RegExp(`^(${queueName})$`);

/** The queues of an account in a Region, and what their operations share: names, ARNs, permissions, the meter. */
export class Sqs {
  readonly host: Host;
  readonly queues = new Map<string, Queue>();
  readonly moveTasks: MoveTasks;
  /** When a queue of that name was deleted; in memory only. */
  readonly deletedMs = new Map<string, EpochMs>();
  /** How long the name of a deleted queue stays taken. */
  readonly recreateAfterMs: number;
  readonly #world: QueueWorld;
  #number: number;
  #receipt = 0;

  constructor(host: Host, recreateAfterMs: number) {
    this.host = host;
    this.recreateAfterMs = recreateAfterMs;
    const run = countRun(host);
    // Every run counts from beyond the numbers of the previous one. A reused number would let an old receipt handle
    // delete another message, and would disorder the messages of a FIFO queue.
    this.#number = run * 2 ** 32;
    this.#world = {
      clock: host.clock,
      random: host.random,
      store: host.store,
      run,
      nextNumber: () => {
        this.#number += 1;
        return this.#number;
      },
      nextReceipt: () => {
        this.#receipt += 1;
        return this.#receipt;
      },
      queueByArn: (arn) => this.queueByArn(arn),
    };
    this.#load();
    this.moveTasks = new MoveTasks(host, (arn) => this.queueByArn(arn));
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.host.region}:${this.host.account}:${name}`;
  }

  /** The queue that `QueueUrl` names. Only the path counts, not the host; a bare name is a queue of this account. */
  queueOf(input: Input): Queue {
    const url = requiredText(input, 'QueueUrl');
    const address = this.#addressOf(url);
    if (address === undefined) throw invalidAddress(url);
    const queue = address.account === this.host.account ? this.queues.get(address.name) : undefined;
    if (queue === undefined) throw queueDoesNotExist();
    return queue;
  }

  queueByArn(arn: string): Queue | undefined {
    const name = arn.slice(arn.lastIndexOf(':') + 1);
    return arn === this.arnOf(name) ? this.queues.get(name) : undefined;
  }

  create(name: string, given: Attributes, tags: Readonly<Record<string, string>>): Queue {
    const nowMs = this.host.clock.now();
    const attributes = createAttributes(given);
    this.checkRedrive(name, attributes);
    const row: QueueRow = {
      id: this.host.random.uuid(),
      name,
      attributes,
      tags,
      createdMs: nowMs,
      modifiedMs: nowMs,
      purgedMs: undefined,
    };
    const queue = this.#open(row);
    queue.save();
    return queue;
  }

  delete(queue: Queue): void {
    const { name } = queue.row;
    queue.purge();
    queue.close();
    this.queues.delete(name);
    this.deletedMs.set(name, this.host.clock.now());
    this.host.store.delete(queueTable, name);
  }

  /** The queues whose dead letters go to the given one. */
  sourcesOf(deadLetterArn: string): Queue[] {
    return [...this.queues.values()].filter(
      (queue) => queue.settings.redrive?.deadLetterTargetArn === deadLetterArn,
    );
  }

  /** Rejects a redrive policy whose target does not exist, is of the other type, or does not allow this source. */
  checkRedrive(name: string, attributes: Attributes): void {
    const { redrive, fifo } = settingsOf(attributes);
    if (redrive === undefined) return;
    const invalid = (reason: string) => invalidValue(attributes.RedrivePolicy, 'RedrivePolicy', reason);
    const itself = redrive.deadLetterTargetArn === this.arnOf(name);
    const target = this.queueByArn(redrive.deadLetterTargetArn);
    if (target === undefined && !itself) throw invalid('Dead letter target does not exist.');
    if (target === undefined || itself) return;
    if (target.settings.fifo !== fifo) {
      throw invalid('Dead-letter queue must be same type of queue as the source.');
    }
    const allow = target.settings.redriveAllow;
    if (
      allow.redrivePermission === 'denyAll' ||
      (allow.redrivePermission === 'byQueue' && !allow.sourceQueueArns.includes(this.arnOf(name)))
    ) {
      throw invalid('The redrive allow policy of the dead-letter queue does not permit this source queue.');
    }
  }

  /** What IAM must allow for an action on the queue of `QueueUrl`. */
  permission(action: string, input: Input): Permission {
    const address = typeof input.QueueUrl === 'string' ? this.#addressOf(input.QueueUrl) : undefined;
    return { action: `sqs:${action}`, resource: this.arnOf(address?.name ?? '*') };
  }

  /**
   * Counts one request for each started 64 KB of its payload. Requests by SNS have their own unit, because AWS does
   * not publish whether SQS bills them. A request that sends messages with a group to a standard queue also counts
   * the surcharge for fair queues.
   */
  bill(caller: Caller, queue: Queue | undefined, bytes: number, fair = false): void {
    const requests = Math.max(1, Math.ceil(bytes / limits.billedChunkBytes));
    const { meter } = this.host;
    if (caller.kind === 'service' && caller.service === 'sns.amazonaws.com') {
      meter.count('sqs.requests-from-sns', requests);
    } else {
      meter.count(queue?.settings.fifo === true ? 'sqs.fifo-requests' : 'sqs.requests', requests);
    }
    if (fair && queue?.settings.fifo === false) meter.count('sqs.fair-requests', requests);
  }

  close(): void {
    this.moveTasks.close();
    for (const queue of this.queues.values()) queue.close();
  }

  /** A queue's name works in place of its URL (recorded). */
  #addressOf(url: string): { account: string; name: string } | undefined {
    if (bareName.test(url)) return { account: this.host.account, name: url };
    const [, account, name] = queueUrl.exec(url) ?? [];
    return account === undefined || name === undefined ? undefined : { account, name };
  }

  #open(row: QueueRow): Queue {
    const url = `${this.host.endpoint}/${this.host.account}/${row.name}`;
    const queue = new Queue(row, this.arnOf(row.name), url, this.#world);
    this.queues.set(row.name, queue);
    return queue;
  }

  #load(): void {
    const { store } = this.host;
    const byId = new Map<string, Queue>();
    for (const [, value] of store.load(queueTable)) {
      const queue = this.#open(value as QueueRow);
      byId.set(queue.row.id, queue);
    }
    const messages: Message[] = [];
    for (const [key, value] of store.load(messageTable)) {
      messages.push(new Message(Number(key), value as MessageRow));
    }
    messages.sort((left, right) => left.visibleAtMs - right.visibleAtMs || left.key - right.key);
    for (const message of messages) byId.get(message.row.queue)?.restore(message);
    for (const sent of Deduplication.load(store)) byId.get(sent.queue)?.restoreDeduplication(sent);
  }
}

/**
 * Counts the runs of the engine over one store, to recognise a receipt handle of an earlier run. It is counted
 * instead of drawn, because a simulation starts every run from the same seed.
 */
function countRun({ store }: Host): number {
  let runs = 0;
  for (const [, value] of store.load(runTable)) runs = (value as { runs: number }).runs;
  store.put(runTable, 'runs', { runs: runs + 1 });
  return runs + 1;
}
