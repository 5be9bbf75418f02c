import type { Host } from '../engine.ts';
import { billedMs, createComputing } from './computing.ts';
import { throttled } from './errors.ts';
import type { Functions } from './functions.ts';
import { lambdaLimits } from './limits.ts';
import { loggingDefault } from './log-lines.ts';
import type { FunctionDefinition, Handler, LambdaContext, LambdaOptions, StoredFunction } from './model.ts';
import {
  type ErrorPayload,
  errorPayload,
  responseTooLargePayload,
  resultText,
  timeoutPayload,
} from './payload.ts';

/** The result of an invocation: its payload as JSON text, and `Unhandled` when the function failed. */
export interface Outcome {
  readonly payload: string;
  readonly functionError?: 'Unhandled';
}

/** One execution environment. It runs one invocation at a time. */
interface Instance {
  readonly target: StoredFunction;
  readonly logStream: string;
  /** The code and configuration it was started with; once they change, it is not used again. */
  readonly generation: number;
  handler: Handler | undefined;
  /** Set after a timeout or a failed INIT, as on AWS. An instance survives an error thrown by its handler. */
  broken: boolean;
  idleSinceMs: number;
}

interface Pool {
  generation: number;
  /** The most recently used one is last, and is used first. */
  idle: Instance[];
  running: number;
}

/**
 * The event of an invocation: JSON text, which is parsed for the function; or a plain JSON value that was created for
 * this invocation alone, which avoids going through text.
 */
type InvocationEvent = { readonly text: string } | { readonly value: unknown };

export interface Instances {
  /**
   * Runs the function once. Throws `TooManyRequestsException` at once when no concurrency is left. An error of the
   * function is an outcome, not an exception.
   */
  invoke(target: StoredFunction, event: InvocationEvent, requestId: string): Promise<Outcome>;
  /** Sends no more invocations to the present instances of this function: its code or settings changed. */
  replace(name: string): void;
  /** Waits for the running invocations. */
  drain(): Promise<void>;
}

/** How long an idle instance is kept; AWS does not document its figure. */
const keepIdleMs = 5 * 60_000;

export function createInstances(host: Host, options: LambdaOptions, functions: Functions): Instances {
  const pools = new Map<string, Pool>();
  const running = new Set<Promise<Outcome>>();
  let cancelSweep: (() => void) | undefined;
  let draining = false;
  const computing = createComputing(host.cpu);

  function poolOf(name: string): Pool {
    const found = pools.get(name);
    if (found !== undefined) return found;
    const made: Pool = { generation: 0, idle: [], running: 0 };
    pools.set(name, made);
    return made;
  }

  /** Functions without a reservation share the concurrency that the reservations leave. */
  function rejectOverConcurrency(target: StoredFunction, pool: Pool): void {
    if (target.reservedConcurrency !== undefined) {
      if (pool.running >= target.reservedConcurrency) {
        throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
      }
      return;
    }
    // The cheap test first: below the smallest possible share, no sum is needed.
    if (running.size < lambdaLimits.unreservedConcurrencyMin) return;
    let shared = lambdaLimits.accountConcurrency;
    let used = 0;
    for (const other of functions.all()) {
      if (other.reservedConcurrency !== undefined) shared -= other.reservedConcurrency;
      else used += pools.get(other.name)?.running ?? 0;
    }
    if (used >= shared) throw throttled('ConcurrentInvocationLimitExceeded');
  }

  function newInstance(target: StoredFunction, pool: Pool): Instance {
    const day = new Date(host.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
    return {
      target,
      logStream: `${day}/[$LATEST]${host.random.uuid().replaceAll('-', '')}`,
      generation: pool.generation,
      handler: undefined,
      broken: false,
      idleSinceMs: 0,
    };
  }

  /** Settles with the work, or rejects after `limitMs`; a later result is dropped. */
  function within<T>(work: Promise<T>, limitMs: number, onLimit: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = host.clock.setTimer(limitMs, () => reject(onLimit()));
      work.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }

  async function run(instance: Instance, event: InvocationEvent, requestId: string): Promise<Outcome> {
    const { target } = instance;
    const timeoutMs = target.timeoutSeconds * 1000;
    const timedOut = () => new TimedOut();
    try {
      let { handler } = instance;
      if (handler === undefined) {
        // AWS gives INIT its own 10 s, and then runs it once more within the timeout of the function.
        const initMs = lambdaLimits.initSeconds * 1000 + timeoutMs;
        handler = await within(options.start(definitionOf(target)), initMs, timedOut);
        instance.handler = handler;
      }
      const deadlineMs = host.clock.now() + timeoutMs;
      const context: LambdaContext = {
        functionName: target.name,
        functionVersion: '$LATEST',
        invokedFunctionArn: target.arn,
        awsRequestId: requestId,
        memoryLimitInMB: String(target.memoryMb),
        logGroupName: target.logGroup,
        logStreamName: instance.logStream,
        getRemainingTimeInMillis: () => Math.max(0, deadlineMs - host.clock.now()),
      };
      const value: unknown = 'text' in event ? JSON.parse(event.text) : event.value;
      const work = host.cpu.ofProgram(() => call(handler, value, context));
      const result = await within(work, timeoutMs, timedOut);
      const payload = resultText(result);
      if (Buffer.byteLength(payload) > lambdaLimits.responsePayloadBytes) {
        return unhandled(responseTooLargePayload(lambdaLimits.responsePayloadBytes));
      }
      return { payload };
    } catch (error) {
      instance.broken = instance.handler === undefined || error instanceof TimedOut;
      return unhandled(
        error instanceof TimedOut ? timeoutPayload(requestId, target.timeoutSeconds) : errorPayload(error),
      );
    }
  }

  function definitionOf(target: StoredFunction): FunctionDefinition {
    return {
      name: target.name,
      arn: target.arn,
      roleArn: target.roleArn,
      environment: target.environment,
      memoryMb: target.memoryMb,
      timeoutSeconds: target.timeoutSeconds,
      handler: target.handler,
      code: options.locateCode(target.location),
      runtime: target.runtime,
      architectures: target.architectures,
      logging: target.logging ?? loggingDefault,
    };
  }

  function release(instance: Instance, pool: Pool): void {
    pool.running -= 1;
    if (instance.broken || instance.generation !== pool.generation || draining) return;
    instance.idleSinceMs = host.clock.now();
    pool.idle.push(instance);
    cancelSweep ??= host.clock.setTimer(keepIdleMs, sweep);
  }

  function sweep(): void {
    cancelSweep = undefined;
    const oldestMs = host.clock.now() - keepIdleMs;
    let nextMs: number | undefined;
    for (const pool of pools.values()) {
      pool.idle = pool.idle.filter((instance) => instance.idleSinceMs > oldestMs);
      const firstMs = pool.idle[0]?.idleSinceMs;
      if (firstMs !== undefined) nextMs = Math.min(nextMs ?? firstMs, firstMs);
    }
    if (nextMs !== undefined) cancelSweep = host.clock.setTimer(nextMs - oldestMs, sweep);
  }

  async function metered(
    instance: Instance,
    pool: Pool,
    event: InvocationEvent,
    requestId: string,
  ): Promise<Outcome> {
    const startedMs = host.clock.now();
    const endComputing = computing.begin();
    try {
      return await run(instance, event, requestId);
    } finally {
      release(instance, pool);
      const { memoryMb } = instance.target;
      const billed = billedMs(host.clock.now() - startedMs, endComputing(), memoryMb);
      host.meter.count('lambda.gb-seconds', (memoryMb / 1024) * (billed / 1000));
    }
  }

  return {
    invoke(target, event, requestId) {
      const pool = poolOf(target.name);
      rejectOverConcurrency(target, pool);
      const instance = pool.idle.pop() ?? newInstance(target, pool);
      pool.running += 1;
      host.meter.count('lambda.requests', 1);
      const work = metered(instance, pool, event, requestId);
      running.add(work);
      return work.finally(() => running.delete(work));
    },
    replace(name) {
      const pool = poolOf(name);
      pool.generation += 1;
      pool.idle = [];
    },
    async drain() {
      draining = true;
      cancelSweep?.();
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

class TimedOut extends Error {}

const unhandled = (payload: ErrorPayload): Outcome => ({
  payload: JSON.stringify(payload),
  functionError: 'Unhandled',
});

/** A handler that is not async may throw synchronously; its caller gets a rejection either way. */
async function call(handler: Handler, event: unknown, context: LambdaContext): Promise<unknown> {
  return await handler(event, context);
}
