import { performance } from 'node:perf_hooks';
import type { LocalAws } from '../stand-in/aws.ts';
import { type Clock, type Input, type Output, root, type Service } from '../stand-in/engines/engine.ts';
import type { HttpApiRequest, HttpApiResponse } from '../stand-in/engines/http/model.ts';
import { isObject } from '../stand-in/engines/members.ts';
import type { CountingMeter } from '../stand-in/meter.ts';
import { accepting, decideThrottle, type Throttle, type ThrottleLimits, throttleLimits } from './throttle.ts';

export interface OverloadGuard {
  /** The response to a publish while the machine is overloaded; undefined when it may pass. */
  throttle(request: HttpApiRequest): HttpApiResponse | undefined;
  stop(): void;
}

const intervalMs = 250;
/** At the API, or at the URL of the function. */
const publishing = /^(?:\/lambda-url\/[^/]+)?\/v1\/(?:topics|receivers)\/[^/]+\/events$/;

/** Watches the event loop and the queues that functions read, and throttles publishes when both are overloaded. */
export function watchOverload(options: {
  readonly aws: LocalAws;
  readonly clock: Clock;
  readonly meter: CountingMeter;
  readonly limits?: ThrottleLimits | undefined;
  onError(error: unknown): void;
}): OverloadGuard {
  const { aws, clock, meter, limits = throttleLimits } = options;
  // The bus on AWS has no such guard, so its calls must not be metered.
  const ask: Ask = (service, action, input) => meter.uncounted(() => aws.call(service, action, input, root));
  let state: Throttle = accepting;
  let last = performance.eventLoopUtilization();
  let cancel = clock.setTimer(intervalMs, tick);
  let stopped = false;

  function tick(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    // Count the queues only when it matters: a machine that is not busy accepts any backlog.
    const matters = !state.accepting || utilization >= limits.saturatedUtilization;
    const decided = matters
      ? readyMessages(ask).then((ready) => {
          const sample = { readyMessages: ready, utilization, nowMs: clock.now() };
          state = decideThrottle(state, sample, limits);
        })
      : Promise.resolve();
    decided.catch(options.onError).finally(() => {
      if (!stopped) cancel = clock.setTimer(intervalMs, tick);
    });
  }

  return {
    throttle(request) {
      if (state.accepting || request.method !== 'POST' || !publishing.test(request.path)) return undefined;
      return overloaded(state.retryAfterSeconds);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

type Ask = (service: Service, action: string, input: Input) => Output | Promise<Output>;

/** The messages that could be received now, in all queues that an enabled mapping reads. */
async function readyMessages(ask: Ask): Promise<number> {
  let ready = 0;
  let marker: unknown;
  do {
    const page = await ask(
      'lambda',
      'ListEventSourceMappings',
      marker === undefined ? {} : { Marker: marker },
    );
    for (const mapping of Array.isArray(page?.EventSourceMappings) ? page.EventSourceMappings : []) {
      if (!isObject(mapping) || mapping.State !== 'Enabled') continue;
      ready += await readyIn(ask, String(mapping.EventSourceArn));
    }
    marker = page?.NextMarker;
  } while (marker !== undefined);
  return ready;
}

async function readyIn(ask: Ask, eventSourceArn: string): Promise<number> {
  const [, , service, , account, name = ''] = eventSourceArn.split(':');
  if (service !== 'sqs') return 0;
  const { QueueUrl } =
    (await ask('sqs', 'GetQueueUrl', { QueueName: name, QueueOwnerAWSAccountId: account })) ?? {};
  const AttributeNames = ['ApproximateNumberOfMessages'];
  const answer = await ask('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames });
  const attributes = isObject(answer?.Attributes) ? answer.Attributes : {};
  return Number(attributes.ApproximateNumberOfMessages ?? 0);
}

function overloaded(retryAfterSeconds: number): HttpApiResponse {
  return {
    status: 429,
    headers: { 'content-type': 'application/problem+json', 'retry-after': String(retryAfterSeconds) },
    cookies: [],
    body: JSON.stringify({
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      detail: `This machine delivers slower than it accepts. Publish again in ${retryAfterSeconds} s.`,
      code: 'overloaded',
    }),
  };
}
