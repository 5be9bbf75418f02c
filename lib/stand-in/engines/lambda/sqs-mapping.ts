import type { Caller } from '../engine.ts';
import { failedItems } from './batch-failures.ts';
import { errorMessage, isThrottle, notFound } from './errors.ts';
import type { Outcome } from './instances.ts';
import type { Lambda } from './lambda.ts';
import { lambdaLimits } from './limits.ts';
import type { Runner, StoredMapping } from './mapping-model.ts';
import type { LambdaProblem } from './model.ts';
import { functionArn, queueUrl } from './names.ts';
import { pause } from './pause.ts';
import { createPollerScale, growthStepMs } from './poller-scale.ts';
import { type Gathered, queueReader } from './sqs-reader.ts';

export type Workings = Pick<Lambda, 'host' | 'options' | 'functions' | 'instances'>;

/**
 * Polls a queue for a mapping: each poller receives, invokes, deletes what succeeded, and continues. Failed messages
 * keep their visibility timeout, which the function may have changed.
 */
export function pollQueue(lambda: Workings, mapping: StoredMapping): Runner {
  const { host, options, functions, instances } = lambda;
  const stopping = new AbortController();
  const scale = createPollerScale(mapping.maximumConcurrency);
  const pollers = new Set<Promise<void>>();
  /** Counted separately from the promises, which settle a moment after their poller decides to end. */
  let running = 0;
  let waiting = 0;
  let growing = false;
  let lastResult = 'No records processed';
  const url = queueUrl(host, mapping.eventSourceArn);
  const fifo = mapping.eventSourceArn.endsWith('.fifo');
  /** The message group, if it implies an order; on a standard queue it does not. */
  const groupOf = (attributes: Readonly<Record<string, string>> | undefined): string[] =>
    fifo && attributes?.MessageGroupId !== undefined ? [attributes.MessageGroupId] : [];

  /** Read each time: an update of the function may change its role. */
  function role(): Caller {
    return { kind: 'role', roleArn: functions.find(mapping.functionName).roleArn };
  }

  const reader = queueReader(host, mapping, role, stopping.signal);

  function report(kind: LambdaProblem['kind'], message: string): void {
    lastResult = `PROBLEM: ${message}`;
    options.onProblem({
      kind,
      functionArn: functionArn(host, mapping.functionName),
      eventSourceArn: mapping.eventSourceArn,
      message,
    });
  }

  function rescale(): void {
    if (stopping.signal.aborted) return;
    for (let count = scale.toStart(running, waiting, host.clock.now()); count > 0; count--) start();
    if (growing || waiting > 0 || running >= scale.ceiling) return;
    // All pollers are busy and more are allowed: check again when the next one may start.
    growing = true;
    host.clock.setTimer(growthStepMs, () => {
      growing = false;
      rescale();
    });
  }

  function start(): void {
    running += 1;
    const poller = poll().finally(() => pollers.delete(poller));
    pollers.add(poller);
  }

  async function poll(): Promise<void> {
    let carried: Gathered['carried'] = [];
    for (;;) {
      if (carried.length === 0 && (stopping.signal.aborted || running > scale.ceiling)) break;
      try {
        waiting += 1;
        let gathered: Gathered;
        try {
          gathered = await reader.gather(carried);
        } finally {
          waiting -= 1;
        }
        carried = gathered.carried;
        if (gathered.received === 0) {
          if (scale.mayEnd(running, host.clock.now())) break;
          continue;
        }
        scale.onWork(host.clock.now());
        rescale();
        const left = await work(gathered);
        carried = carried.filter(({ Attributes }) => !groupOf(Attributes).some((group) => left.has(group)));
      } catch (error) {
        // The outcome of the batch is unknown, so nothing may overtake it.
        if (fifo) carried = [];
        report('poll-failed', errorMessage(error));
        await pause(host.clock, Math.max(1000, scale.onFailure(running)), stopping.signal);
      }
    }
    running -= 1;
  }

  /**
   * Returns the message groups with messages left in the queue: carried messages of these groups must not overtake
   * them.
   */
  async function work(batch: Gathered): Promise<ReadonlySet<string>> {
    const done = new Map(batch.filteredOut);
    const groups = () =>
      new Set([...batch.records].flatMap(([id, record]) => (done.has(id) ? [] : groupOf(record.attributes))));
    if (batch.records.size > 0) {
      const outcome = await invoke(batch);
      if (outcome === undefined) return groups();
      if (outcome.functionError === undefined) {
        lastResult = 'OK';
        const failed = mapping.reportBatchItemFailures
          ? failedItems(outcome.payload, new Set(batch.records.keys()))
          : new Set<string>();
        for (const [id, { receiptHandle }] of batch.records) if (!failed.has(id)) done.set(id, receiptHandle);
        scale.onSuccess();
      } else {
        report('function-error', outcome.payload);
        // With ReportBatchItemFailures, Lambda does not reduce polling when the function fails.
        if (!mapping.reportBatchItemFailures) await backOff();
      }
    }
    await remove([...done.values()]);
    // The next batch waits for the commit of this one, which also lets other work of the process run.
    await host.store.committed();
    return groups();
  }

  async function backOff(): Promise<void> {
    const pauseMs = scale.onFailure(running);
    if (pauseMs > 0) await pause(host.clock, pauseMs, stopping.signal);
  }

  /** Invokes the function. A throttled batch is retried until its messages become visible to others. */
  async function invoke(batch: Gathered): Promise<Outcome | undefined> {
    const event = { value: { Records: [...batch.records.values()] } };
    for (let retryMs = 1000; ; retryMs = Math.min(retryMs * 2, 30_000)) {
      const target = functions.get(mapping.functionName);
      if (target === undefined) {
        throw notFound(`Function not found: ${functionArn(host, mapping.functionName)}`);
      }
      try {
        return await instances.invoke(target, event, host.random.uuid());
      } catch (error) {
        if (!isThrottle(error)) throw error;
        report('throttled', errorMessage(error));
      }
      const visibleMs = batch.receivedMs + (await reader.visibilityTimeoutSeconds()) * 1000;
      const waitMs = Math.max(retryMs, scale.onFailure(running));
      if (stopping.signal.aborted || host.clock.now() + waitMs >= visibleMs) return undefined;
      await pause(host.clock, waitMs, stopping.signal);
    }
  }

  async function remove(receiptHandles: readonly string[]): Promise<void> {
    for (let from = 0; from < receiptHandles.length; from += lambdaLimits.receiveMessages) {
      const entries = receiptHandles
        .slice(from, from + lambdaLimits.receiveMessages)
        .map((handle, index) => ({ Id: String(index), ReceiptHandle: handle }));
      const answer = await host.call(
        'sqs',
        'DeleteMessageBatch',
        { QueueUrl: url, Entries: entries },
        role(),
      );
      const failed = Array.isArray(answer?.Failed) ? answer.Failed : [];
      if (failed.length > 0) report('delete-failed', JSON.stringify(failed));
    }
  }

  rescale();
  return {
    async stop() {
      stopping.abort();
      while (pollers.size > 0) await Promise.all(pollers);
    },
    lastProcessingResult: () => lastResult,
  };
}
