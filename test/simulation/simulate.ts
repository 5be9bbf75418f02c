import { systemTopicName } from '../../lib/core/system-event/topic.ts';
import { byDelivery, type Checker, isSuccess, type Run, type Violation } from './checkers/checker.ts';
import { checkers as allCheckers } from './checkers/index.ts';
import { outageReceiver } from './checkers/isolation.ts';
import {
  attemptsOf,
  deadLettersOf,
  leftInQueues,
  leftInTable,
  redrivesOf,
  refusalsOf,
  standingsOf,
  statisticsOf,
  transactionStatesOf,
} from './observe.ts';
import { createWatch, type Watch } from './watch.ts';
import { createModel, expectation, type Model } from './workload/model.ts';
import { type Focus, operationsOf, release, resume, type Workbench } from './workload/operations.ts';
import { setUp } from './workload/setup.ts';
import { createSubmitter } from './workload/submit.ts';
import { sinkOf, tenants } from './workload/tenancy.ts';
import { publishToAll } from './workload/well.ts';
import { createDice } from './world/dice.ts';
import { drawProfile, type FaultKind, type Profile, without } from './world/profile.ts';
import { createWorld, type World, type WorldOptions } from './world/world.ts';

export interface SimulationOptions {
  readonly seed: string;
  /** How long producers work and things fail, in minutes of virtual time. */
  readonly minutes: number;
  /** What goes wrong; drawn from the seed unless given. */
  readonly profile?: Profile;
  /** Faults that are left out. */
  readonly without?: readonly FaultKind[];
  /** What producers and operators do, where it is not the usual mixture. */
  readonly focus?: Focus;
  /** For how long a receiver is down in a run with an outage; 28 hours unless given. */
  readonly outageMs?: number;
  /** Within this time of being well everything has to have ended; six hours unless given: the longest back-off is one. */
  readonly livenessMs?: number;
  readonly codeOf?: WorldOptions['codeOf'];
  readonly meter?: WorldOptions['meter'];
  readonly checkers?: readonly Checker[];
}

export interface SimulationResult {
  readonly seed: string;
  readonly profile: Profile;
  /** The same for the same seed, and for no other behaviour. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** The lines of the history that speak of a violation. */
  timeline(violation: Violation, most?: number): string[];
  readonly events: number;
  readonly attempts: number;
  readonly deadLetters: number;
  readonly virtualMs: number;
}

const usualLivenessMs = 6 * 3600_000;
const usualOutageMs = 28 * 3600_000;

/** Runs the whole bus under a seed: a phase in which things fail, then all is healed, then all must come to an end. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, minutes, outageMs = usualOutageMs, livenessMs = usualLivenessMs } = options;
  const drawn = options.profile ?? drawProfile(createDice(`${seed}/profile`));
  const profile = without(drawn, options.without ?? []);
  const world = await createWorld({ seed, profile, codeOf: options.codeOf, meter: options.meter });
  const model = createModel();
  const startMs = world.clock.now();
  const watch = createWatch(world);
  await world.drive(setUp(world, model));
  world.begin();
  if (profile.outage) world.endpoints.down(outageReceiver, world.clock.now() + outageMs);

  await safety(world, model, minutes, options.focus);
  if (profile.outage) await world.clock.advance(outageMs);
  world.heal();
  const healedMs = world.clock.now();
  const stuck = await liveness(world, model, livenessMs);
  const run = await observe(world, model, watch, { startMs, healedMs });

  const violations = (options.checkers ?? allCheckers).flatMap(({ name, check }) =>
    [...check(run)].map((violation): Violation => ({ checker: name, ...violation })),
  );
  if (stuck !== undefined) violations.push({ checker: 'liveness', message: stuck, about: [] });
  return {
    seed,
    profile,
    violations,
    hash: world.history.hash(),
    timeline: (violation, most = 60) => world.history.about(violation.about, most),
    events: model.publications.size,
    attempts: run.attempts.length,
    deadLetters: run.deadLetters.length,
    virtualMs: world.clock.now() - startMs,
  };
}

/** Producers and operators do what comes to their mind, while everything fails at its rate. */
async function safety(world: World, model: Model, minutes: number, focus: Focus | undefined): Promise<void> {
  const dice = world.dice.fork('workload');
  const bench: Workbench = { world, model, dice, submitter: createSubmitter(world, model) };
  const operations = operationsOf(world.profile, focus);
  const endMs = world.clock.now() + minutes * 60_000;
  const pauseMs = dice.pick([200, 500, 1000]);
  const underway = new Set<Promise<void>>();
  const problems: unknown[] = [];

  async function work(): Promise<void> {
    while (world.clock.now() < endMs) {
      await world.sleep(Math.ceil(-Math.log(1 - dice.next()) * pauseMs));
      const operation = dice.weighted(operations);
      model.operations += 1;
      const done: Promise<void> = operation(bench)
        .catch((error: unknown) => void problems.push(error))
        .finally(() => underway.delete(done));
      underway.add(done);
    }
  }
  async function restarts(): Promise<void> {
    for (let number = 0; number < world.profile.restarts; number++) {
      await world.sleep((minutes * 60_000) / (world.profile.restarts + 1));
      await world.restart();
    }
  }
  const all = Promise.all([work(), restarts()]);
  await world.clock.advance(minutes * 60_000 + 5000);
  await world.drive(all);
  // An operator who was refused goes on; that is easier in a world that is well.
  const isDone = () => underway.size === 0;
  await world.clock.until(isDone, 120_000).catch(() => world.heal());
  await world.clock.until(isDone, 3600_000);
  if (problems.length > 0) throw problems[0];
}

/**
 * Undoes by hand what was done by hand, publishes once more, and lets time pass until everything has ended; says what has
 * not.
 */
async function liveness(world: World, model: Model, livenessMs: number): Promise<string | undefined> {
  const dice = world.dice.fork('healing');
  const bench: Workbench = { world, model, dice, submitter: createSubmitter(world, model) };
  await world.drive(
    (async () => {
      for (const receiver of model.receivers.values()) if (receiver.paused) await resume(bench, receiver);
      for (const topic of model.topics.values()) if (topic.maybeHeld) await release(bench, topic);
      await publishToAll(bench);
    })(),
  );
  const limitMs = world.clock.now() + livenessMs;
  for (let waitMs = 60_000; ; waitMs = Math.min(waitMs * 2, 3600_000)) {
    await world.clock.advance(waitMs);
    const missing = missingOf(world, model);
    const isOver = world.clock.now() >= limitMs;
    if (missing.length > 0 && !isOver) {
      const dead = new Set(
        (await world.drive(deadLettersOf(world, model.receivers.keys()))).map(
          ({ receiver, eventId }) => `${receiver} ${eventId}`,
        ),
      );
      if (!missing.every((key) => dead.has(key))) continue;
    }
    const queues = await world.drive(leftInQueues(world));
    const rows = await world.drive(leftInTable(world));
    const open = [...(await world.drive(transactionStatesOf(world, model))).values()].filter(
      (state) => state === 'half',
    );
    if (queues.length + rows.length + open.length === 0) return undefined;
    if (isOver)
      return `${livenessMs / 3600_000} hours after all was well: ${[...queues, ...rows, `${open.length} open transactions`].join(', ')}.`;
  }
}

/** What has to be delivered and is not. */
function missingOf(world: World, model: Model): string[] {
  const groups = byDelivery(attemptsOf(world.endpoints.receipts));
  return [...model.publications.values()].flatMap((publication) =>
    [...model.receivers.keys()]
      .filter((receiver) => expectation(model, publication, receiver) === 'must')
      .map((receiver) => `${receiver} ${publication.id}`)
      .filter((key) => groups.get(key)?.some(isSuccess) !== true),
  );
}

async function observe(
  world: World,
  model: Model,
  watch: Watch,
  { startMs, healedMs }: { readonly startMs: number; readonly healedMs: number },
): Promise<Run> {
  const states = await world.drive(transactionStatesOf(world, model));
  for (const transaction of model.transactions.values()) {
    // What the bus decided by a check, nobody was told; whether it may have is for the checker of transactions.
    if (states.get(transaction.id) === 'committed') transaction.committed = true;
  }
  const all = attemptsOf(world.endpoints.receipts);
  const isSystem = ({ topic }: (typeof all)[number]) => topic === systemTopicName;
  const isTheirs = ({ receiver }: (typeof all)[number]) => !model.receivers.has(receiver);
  return {
    profile: world.profile,
    model,
    attempts: all.filter((attempt) => !isTheirs(attempt)),
    tenantAttempts: all.filter((attempt) => isTheirs(attempt) && !isSystem(attempt)),
    systemAttempts: all.filter(isSystem),
    standings: await world.drive(standingsOf(world, model)),
    deadLetters: await world.drive(deadLettersOf(world, model.receivers.keys())),
    tenantDeadLetters: await world.drive(deadLettersOf(world, tenants.map(sinkOf))),
    refusals: await world.drive(refusalsOf(world, model)),
    transactionStates: states,
    leftInQueues: await world.drive(leftInQueues(world)),
    leftInTable: await world.drive(leftInTable(world)),
    breakerStates: new Map([...watch.breakerStates].filter(([receiver]) => model.receivers.has(receiver))),
    deaths: watch.deaths,
    healedMs,
    system: {
      sends: watch.systemSends,
      deaths: watch.letters,
      breakers: watch.breakerStates,
      redrives: await world.drive(redrivesOf(world, model)),
    },
    statistics: {
      happened: world.tallies.happened(),
      unwritten: world.tallies.unwritten(),
      shown: await world.drive(statisticsOf(world, model, startMs)),
    },
    bill: {
      metered: world.meter.counts(),
      counted: world.counted,
    },
  };
}
