import { sleep } from '../../../lib/core/kernel/sleep.ts';
import { assembly } from '../../../lib/local/assembly.ts';
import { type RunningBus, startBus } from '../../../lib/local/bus.ts';
import { type VirtualClock, virtualClock } from '../../../lib/stand-in/clock.ts';
import { type Input, type Output, root, type Service } from '../../../lib/stand-in/engines/engine.ts';
import type { FunctionDefinition } from '../../../lib/stand-in/engines/lambda/index.ts';
import { type CountingMeter, countingMeter } from '../../../lib/stand-in/meter.ts';
import { createDice, type Dice } from './dice.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import { createHistory, type History } from './history.ts';
import { instanceStarter } from './instances.ts';
import { createDisk, mortalClock, never } from './mortal.ts';
import { hideAwsFiles } from './no-files.ts';
import { calm, type Profile } from './profile.ts';
import { faultyServices } from './services.ts';
import { createTallies, type Tallies } from './tallies.ts';

/** What came of a call; `lost` when nobody will ever know, because the bus died over it. */
export type Reply =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Body }
  | { readonly kind: 'lost' };
// biome-ignore lint/suspicious/noExplicitAny: whoever reads an answer checks what it finds there.
type Body = any;

/** A call that a service handled. */
export interface ServiceCall {
  readonly service: string;
  readonly action: string;
  readonly input: Input;
  readonly output: Output;
}

/** The whole bus, its account, its network and its endpoints, in one process, under one seed and a clock of its own. */
export interface World {
  readonly dice: Dice;
  readonly clock: VirtualClock;
  readonly history: History;
  readonly profile: Profile;
  readonly endpoints: Endpoints;
  readonly meter: CountingMeter;
  /** The outputs of the stack. */
  readonly outputs: RunningBus['outputs'];
  /** What happened that is billed, counted apart from the meter: by the names of what is counted. */
  readonly counted: Map<string, number>;
  /** What the instances of functions did, and have written of it. */
  readonly tallies: Tallies;
  onServiceCall(listener: (call: ServiceCall) => void): void;
  /** A call of the HTTP API, by the admin unless there is another key. It is answered while the clock moves. */
  call(method: string, path: string, body?: unknown, key?: string): Promise<Reply>;
  /** A call of an AWS service by the owner of the account. */
  aws(service: Service, action: string, input: Input): Promise<Output | 'lost'>;
  /** Kills the bus, as a power cut does, and starts it again on what it had committed. */
  restart(): Promise<void>;
  /** From now on things fail, at the rates of the profile. */
  begin(): void;
  /** Nothing goes wrong from now on. */
  heal(): void;
  isHealed(): boolean;
  sleep(delayMs: number): Promise<void>;
  /** Moves the clock until the work is done. */
  drive<T>(work: Promise<T>): Promise<T>;
}

export interface WorldOptions {
  readonly seed: string;
  readonly profile: Profile;
  /** Where the code of a function lies when it is not the template's: a mutant. */
  readonly codeOf?: ((definition: FunctionDefinition) => string) | undefined;
  /** What counts the bill, where it is not the usual one. */
  readonly meter?: CountingMeter | undefined;
  readonly startMs?: number;
}

const adminKey = 'the-admin-key-of-the-simulation';

interface Incarnation {
  readonly bus: RunningBus;
  readonly died: Promise<'lost'>;
  die(): void;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  hideAwsFiles();
  const { seed, profile, startMs = Date.parse('2026-03-01T00:00:00Z') } = options;
  const dice = createDice(seed);
  const clock = virtualClock(startMs);
  const history = createHistory(() => clock.now());
  const disk = createDisk();
  const { meter = countingMeter() } = options;
  const counted = new Map<string, number>();
  const count = (what: string) => void counted.set(what, (counted.get(what) ?? 0) + 1);
  const tallies = createTallies();
  const listeners: ((call: ServiceCall) => void)[] = [];
  /** Nothing goes wrong while the bus is set up. */
  let rates = calm;
  let healed = false;
  const endpoints = createEndpoints({
    dice: dice.fork('endpoints'),
    clock,
    trouble: profile.endpointTrouble,
    onReceipt: ({ receiver, eventId, request }) =>
      history.note(`${receiver} gets`, `${eventId} attempt ${request.headers['busbar-attempt']}`),
  });
  const wrapEngine = faultyServices({
    dice: dice.fork('services'),
    history,
    rates: () => rates,
    onBilled(service, caller) {
      if (service === 'sqs' && caller.kind === 'service') count('deliveries of SNS');
    },
    onCall(service, action, input, output) {
      if (action === 'GetRecords') count('reads of streams');
      // A long poll is billed when it ends, and a call to a queue that is not there is not.
      if (service === 'sqs') count('calls of SQS');
      // Nor is a publish to a topic that is not there.
      if (service === 'sns' && /^Publish/.test(action)) count('publishes to SNS');
      history.trace(`${service} ${action}`);
      for (const listener of listeners) listener({ service, action, input, output });
    },
  });
  const functionDice = dice.fork('functions');
  const engineDice = dice.fork('engines');

  async function start(): Promise<Incarnation> {
    const own = mortalClock(clock);
    const { store, die } = disk.open();
    let dead = false;
    let lose: (lost: 'lost') => void = () => undefined;
    const died = new Promise<'lost'>((resolve) => {
      lose = resolve;
    });
    const bus = await startBus({
      outDirectory: assembly.outDirectory,
      account: assembly.account,
      region: assembly.region,
      store,
      clock: own,
      random: engineDice,
      meter,
      // Where a whole test run says which grants of the roles it needed.
      iamUsageDirectory: process.env.BUSBAR_IAM_USAGE,
      parameters: { Endpoints: 'any', EndpointPorts: 'any', Trace: 'failures' },
      schedulePrecisionMs: profile.schedulePrecisionMs,
      http: { send: async (request) => (dead ? await never() : await endpoints.http.send(request)) },
      log(level, message, fields) {
        if (level === 'warn' && process.env.SIMULATION_TRACE !== undefined)
          history.trace(`warn ${message} ${JSON.stringify(fields ?? {})}`);
        if (level === 'error')
          history.note(`error log: ${message}`, JSON.stringify(fields ?? {}).slice(0, 400));
      },
      wrapEngine,
      startFunction: instanceStarter({
        dice: functionDice,
        clock: own,
        history,
        rates: () => rates,
        clockSkewMsMax: profile.clockSkewMsMax,
        codeOf: options.codeOf ?? (({ code }) => code),
        onInvoke: () => count('invocations'),
        tallies,
      }),
    });
    return {
      bus,
      died,
      die() {
        dead = true;
        own.die();
        die();
        lose('lost');
      },
    };
  }

  async function drive<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finish = () => {
      done = true;
    };
    work.then(finish, finish);
    for (let passedMs = 0; !done; passedMs += 10) {
      if (passedMs > 3600_000) throw new Error('The work was not done within an hour of virtual time.');
      await clock.advance(10);
    }
    return await work;
  }

  const wait = (delayMs: number) => sleep(clock, delayMs);
  /** Undefined while the bus is down. */
  let current: Incarnation | undefined = await drive(start());

  const { outputs } = current.bus;
  const world: World = {
    dice,
    outputs,
    clock,
    history,
    profile,
    endpoints,
    meter,
    counted,
    tallies,
    onServiceCall: (listener) => void listeners.push(listener),
    async call(method, path, body, key = adminKey) {
      const incarnation = current;
      await wait(1);
      if (incarnation === undefined || incarnation !== current) return { kind: 'lost' };
      count('requests');
      const [pathOnly = '', query = ''] = path.split('?');
      const response = await Promise.race([
        incarnation.died,
        incarnation.bus.handleHttp({
          method,
          path: `/v1${pathOnly}`,
          query,
          headers: {
            authorization: `Bearer ${key}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
          sourceIp: '127.0.0.1',
        }),
      ]);
      if (response === 'lost') return { kind: 'lost' };
      const text = Buffer.from(response.body).toString('utf8');
      return { kind: 'answer', status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    async aws(service, action, input) {
      const incarnation = current;
      await wait(1);
      if (incarnation === undefined || incarnation !== current) return 'lost';
      return await Promise.race([
        incarnation.died,
        Promise.resolve(incarnation.bus.aws.call(service, action, input, root)),
      ]);
    },
    async restart() {
      if (current === undefined) return;
      history.note('! the bus is killed');
      current.die();
      current = undefined;
      await wait(dice.between(100, 5000));
      current = await start();
      history.note('! the bus is back');
    },
    begin() {
      rates = profile.rates;
    },
    isHealed: () => healed,
    heal() {
      healed = true;
      history.note('! healed');
      rates = calm;
      endpoints.heal();
    },
    sleep: wait,
    drive,
  };

  const made = await drive(
    world.aws('lambda', 'Invoke', {
      FunctionName: outputs.KeysFunction,
      Payload: Buffer.from(
        JSON.stringify({ action: 'create', application: 'ops', role: 'admin', key: adminKey }),
      ),
    }),
  );
  if (made === 'lost' || made?.FunctionError !== undefined)
    throw new Error('The admin key could not be made.');
  return world;
}
