import { sleep } from '../../../lib/core/kernel/sleep.ts';
import { type FunctionWorld, startFunction } from '../../../lib/local/functions.ts';
import type { Clock } from '../../../lib/runtime/clock.ts';
import type { LocalAws } from '../../../lib/stand-in/aws.ts';
import type {
  FunctionDefinition,
  Handler,
  LambdaContext,
} from '../../../lib/stand-in/engines/lambda/index.ts';
import type { WireRequest, WireResponse } from '../../../lib/stand-in/wire/http.ts';
import type { Dice } from './dice.ts';
import type { History } from './history.ts';
import { type MortalClock, mortalClock, never } from './mortal.ts';
import type { FaultRates } from './profile.ts';
import { type Counts, plus, type Tallies } from './tallies.ts';

/** What instances of functions live in, and what befalls them. */
export interface InstanceWorld {
  readonly dice: Dice;
  readonly clock: Clock;
  readonly history: History;
  /** As they are now: healed is all zero. */
  rates(): FaultRates;
  readonly clockSkewMsMax: number;
  /** Where the code of a function lies when it is not the template's: a mutant. */
  codeOf(definition: FunctionDefinition): string;
  /** Told of each invocation as it begins, and of each one that ends by an answer. */
  onInvoke(functionName: string): void;
  readonly tallies: Tallies;
}

/** The life of one execution environment. When it ends, nothing that was begun in it goes on. */
interface Life {
  readonly name: string;
  /** What it is called in the tallies: after a restart of the bus names begin anew. */
  readonly tally: number;
  readonly died: Promise<never>;
  readonly isOver: boolean;
  end(why: string): void;
}

interface Instance {
  readonly life: Life;
  readonly handler: Handler;
}

/**
 * Starts functions whose instances die at any moment, whose calls get lost, and whose clocks are off. What runs is the
 * bundle that the template deploys, with its real SDK clients.
 */
export function instanceStarter(sim: InstanceWorld): typeof startFunction {
  let numbers = 0;

  function beginLife(name: string, clock: MortalClock): Life {
    let isOver = false;
    let reject: (error: Error) => void = () => undefined;
    const died = new Promise<never>((_, fail) => {
      reject = fail;
    });
    // It is raced against where somebody waits; elsewhere nobody asks for it.
    died.catch(() => undefined);
    return {
      name,
      tally: sim.tallies.enter(),
      died,
      get isOver() {
        return isOver;
      },
      end(why) {
        if (isOver) return;
        isOver = true;
        clock.die();
        sim.history.note(`crash of ${name}`, why);
        reject(Object.assign(new Error(`Runtime exited: ${why}`), { name: 'Runtime.ExitError' }));
      },
    };
  }

  function newInstance(world: FunctionWorld, definition: FunctionDefinition): Instance {
    const skewMs = Math.round((sim.dice.next() * 2 - 1) * sim.clockSkewMsMax);
    const clock = mortalClock(sim.clock, skewMs);
    const life = beginLife(`${definition.name}/${++numbers}`, clock);
    const own: FunctionWorld = {
      ...world,
      clock,
      http: {
        async send(request) {
          if (life.isOver) return await never();
          const outcome = await world.http.send(request);
          if (life.isOver) return await never();
          const receiver = receiverOf(request.url);
          const isDelivered = outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300;
          if (receiver !== undefined)
            sim.tallies.did(
              life.tally,
              `receiver#${receiver}`,
              isDelivered ? { delivered: 1 } : { failed: 1 },
            );
          return outcome;
        },
      },
      log(level, message, fields) {
        if (!life.isOver) world.log(level, message, fields);
      },
      aws: () => lossyAws(sim, world.aws(), life),
      // A call is repeated where it gets lost, below, so that the pauses are those of the clock of this world.
      awsMaxAttempts: 1,
    };
    return { life, handler: startFunction(own, { ...definition, code: sim.codeOf(definition) }) };
  }

  return (world, definition) => {
    let instance = newInstance(world, definition);
    return async (event, context) => {
      const { dice } = sim;
      const rates = sim.rates();
      if (instance.life.isOver || dice.chance(rates.coldStart)) instance = newInstance(world, definition);
      const { life, handler } = instance;
      sim.onInvoke(definition.name);
      sim.history.trace(`invoke ${life.name}`);
      if (dice.chance(rates.lateStart)) await sleep(sim.clock, dice.between(1, 3000));
      const cancelEnd = endOf(life, context);
      const cancelCrash = dice.chance(rates.crash)
        ? sim.clock.setTimer(dice.between(0, dice.pick([20, 300, 3000])), () => life.end('at some moment'))
        : () => undefined;
      try {
        if (dice.chance(rates.invokedTwice) && isRepeatable(event)) {
          sim.history.note(`invoked twice: ${life.name}`);
          await invoke(handler, life, structuredClone(event), context);
        }
        return await invoke(handler, life, event, context);
      } finally {
        cancelEnd();
        cancelCrash();
      }
    };
  };

  /** Follows what the instance counts meanwhile. */
  async function invoke(handler: Handler, life: Life, event: unknown, context: LambdaContext) {
    const { tallies, clock } = sim;
    tallies.begin(life.tally);
    const result = await Promise.race([handler(event, context), life.died]);
    const published = publishedBy(event, result);
    if (published !== undefined) tallies.answered(life.tally, published.thing, published.counts);
    tallies.end(life.tally, clock.now());
    return result;
  }

  /** Lambda freezes and ends what runs longer than it may; nothing that it began goes on. */
  function endOf(life: Life, context: LambdaContext): () => void {
    return sim.clock.setTimer(context.getRemainingTimeInMillis(), () => life.end('timeout'));
  }
}

/** Lambda hands over records of streams and queues, and what others sent asynchronously, at least once. */
function isRepeatable(event: unknown): boolean {
  return typeof event === 'object' && event !== null && !('requestContext' in event) && !('body' in event);
}

/** Of an endpoint of this simulation. */
const receiverOf = (url: string): string | undefined =>
  /^https:\/\/([a-z0-9-]+)\.example\.com\/events$/.exec(url)?.[1];

/** What a call that publishes to a topic was answered, as far as statistics count it. */
function publishedBy(event: unknown, result: unknown): { thing: string; counts: Counts } | undefined {
  const { rawPath = '', topic = /^\/v1\/topics\/([^/]+)\/events$/.exec(rawPath)?.[1] } = event as {
    rawPath?: string;
    topic?: string;
  };
  const { body, events = eventsOf(body) } = (result ?? {}) as { body?: unknown; events?: Entry[] };
  if (topic === undefined || events === undefined) return undefined;
  const counts = events.map(({ status }): Counts => ({ [countOf[status] ?? 'accepted']: 1 }));
  return { thing: `topic#${topic}`, counts: counts.reduce(plus, {}) };
}

interface Entry {
  readonly status: string;
}

const countOf: Readonly<Record<string, string>> = { rejected: 'rejected', duplicate: 'duplicate' };

function eventsOf(body: unknown): Entry[] | undefined {
  const { events } = (typeof body === 'string' && body !== '' ? JSON.parse(body) : {}) as {
    events?: Entry[];
  };
  return Array.isArray(events) && events[0]?.status !== undefined ? events : undefined;
}

/** As the SDK does by default: three attempts in all. */
const sdkAttempts = 3;

/** The way from a function to the services: slow, lossy, and cut when the function dies. */
function lossyAws(sim: InstanceWorld, aws: LocalAws, life: Life): LocalAws {
  async function handled(...call: Parameters<LocalAws['handle']>): Promise<WireResponse> {
    const response = await aws.handle(...call);
    sim.tallies.handled(life.tally, call[0], response);
    return response;
  }

  async function attempt(...call: Parameters<LocalAws['handle']>): Promise<WireResponse | 'lost'> {
    const { dice } = sim;
    const rates = sim.rates();
    if (life.isOver) return await never();
    if (dice.chance(rates.crashAtCall)) {
      const after = dice.chance(0.5);
      if (after) await handled(...call);
      life.end(`${after ? 'after' : 'before'} ${callName(call[0])}`);
      return await never();
    }
    if (dice.chance(rates.hang)) {
      sim.history.note(`hang of ${life.name}`, callName(call[0]));
      if (dice.chance(0.5)) await handled(...call);
      return await never();
    }
    await sleep(sim.clock, dice.chance(rates.slowCall) ? dice.between(500, 5000) : dice.between(1, 15));
    if (life.isOver) return await never();
    sim.history.trace(`${life.name} ${callName(call[0])}`);
    const response = await handled(...call);
    if (life.isOver) return await never();
    return dice.chance(rates.lostAnswer) ? 'lost' : response;
  }

  async function repeated(...call: Parameters<LocalAws['handle']>): Promise<WireResponse> {
    for (let tries = 1; ; tries++) {
      const response = await attempt(...call);
      const isLast = tries === sdkAttempts || sim.dice.chance(0.3);
      if (response === 'lost') {
        sim.history.note(`answer lost: ${life.name}`, callName(call[0]));
        if (isLast)
          throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      } else if (!isTransient(response) || isLast) return response;
      await sleep(sim.clock, sim.dice.between(20, 100) * 2 ** tries);
    }
  }

  return {
    ...aws,
    async handle(...call) {
      sim.tallies.sending(life.tally, call[0], sim.clock.now());
      let answer: WireResponse | undefined;
      try {
        answer = await repeated(...call);
        return answer;
      } finally {
        sim.tallies.returned(life.tally, call[0], answer);
      }
    },
  };
}

/** What the SDK would try again: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
function isTransient(response: WireResponse): boolean {
  return (
    response.status >= 500 || response.status === 429 || /Throttl/.test(String(response.body).slice(0, 300))
  );
}

/** Such as `sqs SendMessageBatch`. */
function callName(request: WireRequest): string {
  const service = /\/([a-z]+)\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const target = request.headers['x-amz-target']?.split('.').at(-1);
  const action = target ?? /Action=(\w+)/.exec(Buffer.from(request.body).toString('utf8', 0, 60))?.[1];
  return `${service} ${action ?? `${request.method} ${request.path}`}`;
}
