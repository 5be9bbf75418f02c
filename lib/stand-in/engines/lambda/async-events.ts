import type { Host } from '../engine.ts';
import { deliverInvocationRecord } from './destination.ts';
import { errorMessage, isThrottle } from './errors.ts';
import type { Functions } from './functions.ts';
import type { Instances, Outcome } from './instances.ts';
import { lambdaLimits } from './limits.ts';
import type { AsyncEvent, LambdaOptions, LambdaProblem, StoredFunction } from './model.ts';

const table = 'lambda.events';

export interface AsyncEvents {
  /** Accepts an event: stores it, and runs it as soon as the engine is resumed. */
  accept(target: StoredFunction, payload: string, requestId: string): void;
  resume(): void;
  close(): Promise<void>;
}

/**
 * The internal queue of asynchronous invocations. After a function error it retries twice, after one and two minutes.
 * A throttled event waits from 1 s to 5 min, exponentially, up to its maximum age
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
 */
export function createAsyncEvents(
  host: Host,
  options: LambdaOptions,
  functions: Functions,
  instances: Instances,
): AsyncEvents {
  const waiting = new Map<string, { event: AsyncEvent; cancel: (() => void) | undefined }>();
  const underway = new Set<Promise<void>>();
  let resumed = false;
  let closed = false;
  for (const [, row] of host.store.load(table)) hold(row as AsyncEvent);

  function hold(event: AsyncEvent): void {
    const cancel = resumed && !closed ? schedule(event) : undefined;
    waiting.set(event.requestId, { event, cancel });
  }

  function schedule(event: AsyncEvent): () => void {
    return host.clock.setTimer(Math.max(0, event.dueMs - host.clock.now()), () => {
      waiting.delete(event.requestId);
      const work = attempt(event)
        // Nothing awaits this work; the event stays in the store and is tried again after a restart.
        .catch((error: unknown) => report('internal', event, errorMessage(error)))
        .finally(() => underway.delete(work));
      underway.add(work);
    });
  }

  function keep(event: AsyncEvent): void {
    host.store.put(table, event.requestId, event);
    hold(event);
  }

  async function attempt(event: AsyncEvent): Promise<void> {
    const target = functions.get(event.functionName);
    if (target === undefined) {
      host.store.delete(table, event.requestId);
      report('dropped', event, `The function ${event.functionName} was deleted before its event ran.`);
      return;
    }
    const config = target.eventInvoke ?? { lastModifiedMs: 0 };
    const maximumAgeMs = (config.maximumEventAgeSeconds ?? lambdaLimits.asyncEventAgeSeconds.default) * 1000;
    let outcome: Outcome;
    try {
      outcome = await instances.invoke(target, { text: event.payload }, event.requestId);
    } catch (error) {
      if (!isThrottle(error)) throw error;
      const waitMs = Math.min(2 ** event.throttles * 1000, 300_000);
      if (host.clock.now() + waitMs - event.acceptedMs > maximumAgeMs) {
        await finish(target, event, 'EventAgeExceeded', undefined);
      } else {
        keep({ ...event, throttles: event.throttles + 1, dueMs: host.clock.now() + waitMs });
      }
      return;
    }
    const tried = { ...event, invocations: event.invocations + 1 };
    if (outcome.functionError === undefined) return finish(target, tried, 'Success', outcome);
    report('function-error', event, outcome.payload);
    const retries = config.maximumRetryAttempts ?? lambdaLimits.asyncRetries.default;
    const waitMs = tried.invocations * 60_000;
    if (tried.invocations > retries) await finish(target, tried, 'RetriesExhausted', outcome);
    else if (host.clock.now() + waitMs - event.acceptedMs > maximumAgeMs) {
      await finish(target, tried, 'EventAgeExceeded', outcome);
    } else keep({ ...tried, dueMs: host.clock.now() + waitMs });
  }

  async function finish(
    target: StoredFunction,
    event: AsyncEvent,
    condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded',
    outcome: Outcome | undefined,
  ): Promise<void> {
    const destination =
      condition === 'Success' ? target.eventInvoke?.onSuccessArn : target.eventInvoke?.onFailureArn;
    if (destination === undefined) {
      host.store.delete(table, event.requestId);
      if (condition !== 'Success')
        report('dropped', event, `${condition}, and the function has no destination.`);
      return;
    }
    try {
      await deliverInvocationRecord(host, target, event, condition, outcome, destination);
    } catch (error) {
      report('dropped', event, `The destination ${destination} rejected the record: ${errorMessage(error)}`);
    } finally {
      host.store.delete(table, event.requestId);
    }
  }

  function report(kind: LambdaProblem['kind'], event: AsyncEvent, message: string): void {
    const functionArn = functions.get(event.functionName)?.arn ?? event.functionName;
    options.onProblem({ kind, functionArn, message });
  }

  return {
    accept(target, payload, requestId) {
      const nowMs = host.clock.now();
      // Beyond the first 256 KB, each started 64 KB is billed as another request; `invoke` counts the first request.
      const extraBytes = Buffer.byteLength(payload) - 256 * 1024;
      if (extraBytes > 0) host.meter.count('lambda.requests', Math.ceil(extraBytes / (64 * 1024)));
      keep({
        requestId,
        functionName: target.name,
        payload,
        acceptedMs: nowMs,
        invocations: 0,
        throttles: 0,
        dueMs: nowMs,
      });
    },
    resume() {
      if (resumed) return;
      resumed = true;
      for (const entry of waiting.values()) entry.cancel = schedule(entry.event);
    },
    async close() {
      closed = true;
      for (const entry of waiting.values()) entry.cancel?.();
      while (underway.size > 0) await Promise.allSettled(underway);
    },
  };
}
