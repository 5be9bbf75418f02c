import { settlesSeconds } from '../../../lib/core/routing/choose-route.ts';
import type { Dice } from '../world/dice.ts';
import type { Profile } from '../world/profile.ts';
import type { Reply, World } from '../world/world.ts';
import { drawEvent, drawFilter } from './filters.ts';
import { revokeKey } from './key-operations.ts';
import type {
  Filter,
  Model,
  Publication,
  ReceiverModel,
  Secret,
  TopicModel,
  TransactionModel,
  Version,
} from './model.ts';
import { subscriptionBody } from './setup.ts';
import { type Submitter, source } from './submit.ts';
import { ask, lend, publishShared, recreate, runOn, transfer } from './tenant-operations.ts';

/** What an operation works with. */
export interface Workbench {
  readonly world: World;
  readonly model: Model;
  readonly dice: Dice;
  readonly submitter: Submitter;
}

/** Something that a producer or an operator does. */
export type Operation = (bench: Workbench) => Promise<void>;

const isDone = (reply: Reply): boolean => reply.kind === 'answer' && reply.status < 300;
/** It may have been done, or not. */
const isUnknown = (reply: Reply): boolean =>
  reply.kind === 'lost' || reply.status >= 500 || reply.status === 429;

const anyTopic = ({ model, dice }: Workbench): TopicModel => dice.pick([...model.topics.values()]);
const anyReceiver = ({ model, dice }: Workbench): ReceiverModel => dice.pick([...model.receivers.values()]);

function note({ world }: Workbench, what: string, about: string, reply: Reply): void {
  world.history.note(`${what} answered`, `${about} ${reply.kind === 'lost' ? 'lost' : reply.status}`);
}

const publish: Operation = async (bench) => {
  const { dice, submitter } = bench;
  const topic = anyTopic(bench);
  const count = dice.weighted([
    [5, 1],
    [3, dice.between(2, 12)],
  ]);
  const via = dice.chance(0.2) ? 'lambda' : 'publish';
  const publications = Array.from({ length: count }, () =>
    submitter.draft({ topic: topic.name }, via, drawEvent(dice, 3)),
  );
  await submitter.send(publications);
  // A producer that was not told says it again.
  const again = publications.filter(({ submissions }) => submissions.at(-1)?.outcome === 'unknown');
  if (again.length > 0 && dice.chance(0.5)) await submitter.send(again);
};

const invoke: Operation = async (bench) => {
  const { name } = anyReceiver(bench);
  await bench.submitter.send([bench.submitter.draft({ receiver: name }, 'invoke', drawEvent(bench.dice, 3))]);
};

const delay: Operation = async (bench) => {
  const { dice, submitter, world } = bench;
  const delaySeconds = dice.weighted([
    [5, dice.between(1, 60)],
    [2, dice.between(61, 600)],
    [1, dice.between(901, 1200)],
  ]);
  const target = dice.chance(0.7) ? { topic: anyTopic(bench).name } : { receiver: anyReceiver(bench).name };
  const dueMs = world.clock.now() + delaySeconds * 1000;
  const event = drawEvent(dice, 3);
  await submitter.send([submitter.draft(target, 'publish', event, { dueMs })], delaySeconds);
};

/** An event that was scheduled for certain, by one call. */
function anyScheduled({ model, dice }: Workbench): Publication | undefined {
  const scheduled = [...model.publications.values()].filter(
    ({ submissions, cancelledMs, maybeCancelled }) =>
      submissions.length === 1 &&
      submissions[0]?.outcome === 'scheduled' &&
      cancelledMs === undefined &&
      maybeCancelled !== true,
  );
  return scheduled.length === 0 ? undefined : dice.pick(scheduled);
}

const cancel: Operation = async (bench) => {
  const publication = anyScheduled(bench);
  if (publication === undefined) return;
  publication.maybeCancelled = true;
  bench.world.history.note('cancel', publication.id);
  const reply = await bench.world.call('DELETE', `/events/${publication.id}`);
  note(bench, 'cancel', publication.id, reply);
  if (isDone(reply)) publication.cancelledMs = bench.world.clock.now();
  if (!isUnknown(reply)) publication.maybeCancelled = false;
  if (publication.cancelledMs !== undefined && bench.dice.chance(0.5)) await publishAgain(bench, publication);
};

/** Publishes a cancelled event again: no deduplication may remember it. */
async function publishAgain(
  { dice, model, submitter, world }: Workbench,
  publication: Publication,
): Promise<void> {
  const delaySeconds = dice.between(1, 60);
  delete publication.cancelledMs;
  publication.maybeCancelled = true;
  publication.dueMs.push(world.clock.now() + delaySeconds * 1000);
  await submitter.send([publication], delaySeconds);
  const outcome = publication.submissions.at(-1)?.outcome;
  if (outcome === 'duplicate') {
    model.surprises.push(
      `${publication.id} is a duplicate, although it was cancelled before it was published again.`,
    );
  }
  if (outcome === 'scheduled' || outcome === 'held') publication.maybeCancelled = false;
}

const retime: Operation = async (bench) => {
  const { dice, world } = bench;
  const publication = anyScheduled(bench);
  if (publication === undefined) return;
  const delaySeconds = dice.between(1, 300);
  const before = publication.dueMs.at(-1) ?? 0;
  // Until the answer is there, either time may count.
  publication.dueMs.push(Math.min(before, world.clock.now() + delaySeconds * 1000));
  world.history.note(`re-time by ${delaySeconds} s`, publication.id);
  const startMs = world.clock.now();
  const reply = await world.call('PATCH', `/events/${publication.id}`, { delaySeconds });
  note(bench, 're-time', publication.id, reply);
  if (isDone(reply)) publication.dueMs.push(startMs + delaySeconds * 1000);
  else if (!isUnknown(reply)) publication.dueMs.push(before);
};

const transact: Operation = async (bench) => {
  const { dice, world, model, submitter } = bench;
  const id = `transaction-${model.transactions.size + 1}`;
  const checkAnswer = dice.pick<TransactionModel['checkAnswer']>([
    'commit',
    'rollback',
    'unknown',
    undefined,
  ]);
  const events = Array.from({ length: dice.between(1, 4) }, () =>
    submitter.draft({ topic: anyTopic(bench).name }, 'transaction', drawEvent(dice, 3), { transaction: id }),
  );
  const transaction: TransactionModel = { id, events, checkAnswer, began: false };
  model.transactions.set(id, transaction);
  if (checkAnswer !== undefined) serveChecks(bench, transaction);
  const submissions = events.map((publication) => {
    const submission = { startMs: world.clock.now(), endMs: undefined, outcome: undefined };
    publication.submissions.push(submission);
    return submission as Publication['submissions'][number];
  });
  world.history.note(`begin ${id}`, events.map((publication) => publication.id).join(' '));
  const body = {
    id,
    events: events.map(({ id: eventId, target, event }) => ({ ...target, id: eventId, source, ...event })),
    // Without a URL it is rolled back then.
    checkAfterSeconds: dice.between(5, 60),
    ...(checkAnswer !== undefined && { checkUrl: checkUrl(id) }),
  };
  let begun = await world.call('POST', '/transactions', body);
  // A producer that was not told says the same again.
  if (isUnknown(begun) && dice.chance(0.7)) begun = await world.call('POST', '/transactions', body);
  note(bench, 'begin', id, begun);
  // Nobody else has begun one of this id.
  if (!isDone(begun) && !isUnknown(begun)) {
    model.surprises.push(`The begin of ${id} was answered ${JSON.stringify(begun)}.`);
  }
  for (const submission of submissions) {
    submission.endMs = world.clock.now();
    submission.outcome = isDone(begun) ? 'accepted' : isUnknown(begun) ? 'unknown' : 'refused';
  }
  transaction.began = isDone(begun);
  if (!transaction.began) return;
  const end = dice.weighted<'commit' | 'rollback' | undefined>([
    [5, 'commit'],
    [3, 'rollback'],
    [3, undefined],
  ]);
  await world.sleep(dice.between(0, 20_000));
  if (end !== undefined) await endTransaction(bench, transaction, end);
};

const checkUrl = (id: string) => `https://checks.example.com/${id}`;

function serveChecks({ world, dice }: Workbench, transaction: TransactionModel): void {
  const { id, checkAnswer } = transaction;
  world.endpoints.serve(checkUrl(id), async () => {
    // Nobody decides otherwise than the producer has decided already.
    const state =
      transaction.commitStartMs !== undefined
        ? 'commit'
        : transaction.rolledBackMs !== undefined
          ? 'rollback'
          : checkAnswer === 'unknown' && world.isHealed()
            ? 'rollback'
            : checkAnswer;
    world.history.note(`check of ${id} is answered`, state);
    if (dice.chance(0.2)) return { kind: 'answer', status: 500, headers: {}, body: '' };
    if (state === 'commit') transaction.commitStartMs ??= world.clock.now();
    return { kind: 'answer', status: 200, headers: {}, body: JSON.stringify({ state }) };
  });
}

async function endTransaction(bench: Workbench, transaction: TransactionModel, how: 'commit' | 'rollback') {
  const { world } = bench;
  if (how === 'commit') transaction.commitStartMs ??= world.clock.now();
  world.history.note(how, transaction.id);
  const reply = await world.call('POST', `/transactions/${transaction.id}/${how}`);
  note(bench, how, transaction.id, reply);
  if (!isDone(reply)) return;
  if (how === 'commit') transaction.committed = true;
  else transaction.rolledBackMs = world.clock.now();
}

const outbox: Operation = async (bench) => {
  const { dice, submitter, model } = bench;
  // An outbox has no more rights than a member of its application.
  const own = [...model.receivers.keys()].filter(
    (receiver) => model.tenancy.receivers.get(receiver)?.at(-1)?.owner === 'ops',
  );
  const target = dice.chance(0.8) ? { topic: anyTopic(bench).name } : { receiver: dice.pick(own) };
  const count = dice.between(1, 3);
  for (let number = 0; number < count; number++) {
    await submitter.send([submitter.draft(target, 'outbox', drawEvent(dice, 3))]);
  }
};

const hold: Operation = async (bench) => {
  const topic = anyTopic(bench);
  if (topic.maybeHeld) return;
  topic.maybeHeld = true;
  bench.world.history.note('hold', topic.name);
  const reply = await bench.world.call('PUT', `/topics/${topic.name}/hold`, { reason: 'simulation' });
  note(bench, 'hold', topic.name, reply);
  if (isDone(reply)) topic.holds.push({ fromMs: bench.world.clock.now(), untilMs: Number.POSITIVE_INFINITY });
  await bench.world.sleep(bench.dice.between(1000, 40_000));
  await release(bench, topic);
};

export async function release(bench: Workbench, topic: TopicModel): Promise<void> {
  const current = topic.holds.at(-1);
  if (current !== undefined) current.untilMs = Math.min(current.untilMs, bench.world.clock.now());
  bench.world.history.note('release', topic.name);
  const query = bench.dice.chance(0.5) ? `?perSecond=${bench.dice.between(2, 50)}` : '';
  const reply = await bench.world.call('DELETE', `/topics/${topic.name}/hold${query}`);
  note(bench, 'release', topic.name, reply);
  if (!isUnknown(reply)) topic.maybeHeld = false;
}

const pause: Operation = async (bench) => {
  const receiver = anyReceiver(bench);
  if (receiver.paused) return;
  receiver.paused = true;
  bench.world.history.note('pause', receiver.name);
  note(bench, 'pause', receiver.name, await bench.world.call('POST', `/receivers/${receiver.name}/pause`));
  await bench.world.sleep(bench.dice.between(1000, 30_000));
  await resume(bench, receiver);
};

export async function resume(bench: Workbench, receiver: ReceiverModel): Promise<void> {
  bench.world.history.note('resume', receiver.name);
  const reply = await bench.world.call('POST', `/receivers/${receiver.name}/resume`);
  note(bench, 'resume', receiver.name, reply);
  if (isDone(reply)) receiver.paused = false;
}

const skip: Operation = async (bench) => {
  const { world, dice } = bench;
  const receiver = anyReceiver(bench);
  const beforeMs = world.clock.now() - dice.between(0, 20_000);
  receiver.skippedBeforeMs = Math.max(receiver.skippedBeforeMs, beforeMs + world.profile.clockSkewMsMax * 2);
  world.history.note('skip', receiver.name);
  const before = new Date(beforeMs).toISOString();
  note(
    bench,
    'skip',
    receiver.name,
    await world.call('POST', `/receivers/${receiver.name}/skip`, { before }),
  );
};

const redrive: Operation = async (bench) => {
  const receiver = anyReceiver(bench);
  receiver.redriven = true;
  bench.world.history.note('redrive', receiver.name);
  note(
    bench,
    'redrive',
    receiver.name,
    await bench.world.call('POST', `/receivers/${receiver.name}/redrive`, {}),
  );
};

const resubscribe: Operation = async (bench) => {
  const { world, dice } = bench;
  const topic = anyTopic(bench);
  const receiver = anyReceiver(bench).name;
  const versions = topic.subscriptions.get(receiver) ?? [];
  topic.subscriptions.set(receiver, versions);
  // One call about it at a time, or nobody could say which counts.
  if (versions.at(-1) !== undefined && versions.at(-1)?.endMs === undefined) return;
  const filter = dice.chance(0.3) ? undefined : drawFilter(dice);
  const version: Version<Filter | undefined> = {
    startMs: world.clock.now(),
    endMs: undefined,
    state: filter,
  };
  versions.push(version);
  const path = `/topics/${topic.name}/subscriptions/${receiver}`;
  world.history.note(filter === undefined ? 'unsubscribe' : 'subscribe', `${receiver} ${topic.name}`);
  for (;;) {
    const reply =
      filter === undefined
        ? await world.call('DELETE', path)
        : await world.call('PUT', path, subscriptionBody(filter));
    note(bench, 'subscription', `${receiver} ${topic.name}`, reply);
    // A subscription that was not there is gone as well.
    if (isDone(reply) || (filter === undefined && reply.kind === 'answer' && reply.status === 404)) break;
    // An operator goes on until it is so: what is half done is nobody's intention.
    await world.sleep(2000);
  }
  // Publishers may use what they read a moment before.
  version.endMs = world.clock.now() + settlesSeconds({ isOrdered: false }, 1) * 1000;
};

const rotateSecret: Operation = async (bench) => {
  const { world } = bench;
  const receiver = anyReceiver(bench);
  const secret: Secret = {
    text: `whsec_${Buffer.from(bench.dice.bytes(32)).toString('base64')}`,
    knownFromMs: Number.POSITIVE_INFINITY,
  };
  receiver.secrets.push(secret);
  world.history.note('rotate', receiver.name);
  const path = `/receivers/${receiver.name}/rotate-secret`;
  const reply = await world.call('POST', path, { secret: secret.text });
  note(bench, 'rotate', receiver.name, reply);
  // Of two at a time nobody could say which counts.
  if (isDone(reply) && receiver.secrets.at(-1) === secret) secret.knownFromMs = world.clock.now();
};

const changePolicy: Operation = async (bench) => {
  const { world, dice } = bench;
  const receiver = anyReceiver(bench);
  const delaysSeconds = Array.from({ length: dice.between(0, 4) }, () => dice.between(1, 20));
  receiver.delaysSeconds.push(delaysSeconds);
  world.history.note('change', receiver.name);
  const reply = await world.call('PUT', `/receivers/${receiver.name}`, {
    owner: bench.model.tenancy.receivers.get(receiver.name)?.at(-1)?.owner,
    endpoint: `https://${receiver.name}.example.com/events`,
    retry: { delaysSeconds },
    timeoutSeconds: receiver.timeoutSeconds,
    ...(Object.keys(receiver.limits).length > 0 && { limits: receiver.limits }),
  });
  note(bench, 'change', receiver.name, reply);
};

/** How often each is done, against the others; `byHand` when it stops or drops deliveries because somebody wants it. */
const all = {
  publish: [30, publish],
  invoke: [6, invoke],
  delay: [8, delay],
  cancel: [3, cancel],
  retime: [2, retime],
  transact: [6, transact],
  outbox: [6, outbox],
  hold: [1, hold, true],
  pause: [1, pause, true],
  skip: [0.3, skip, true],
  redrive: [1, redrive],
  resubscribe: [2, resubscribe],
  rotateSecret: [0.5, rotateSecret],
  changePolicy: [1, changePolicy],
  publishShared: [3, publishShared],
  recreate: [1, recreate],
  transfer: [1, transfer],
  lend: [0.5, lend],
  runOn: [0.3, runOn],
  ask: [3, ask],
  revokeKey: [0.7, revokeKey],
} satisfies Readonly<
  Record<string, readonly [weight: number, operation: Operation] | readonly [number, Operation, byHand: true]>
>;

/** Other weights of some operations; those that are not named are not done. */
export type Focus = { readonly [Name in keyof typeof all]?: number };

/** What is done in a run. Where it is shown that nothing disturbs anything else, nobody disturbs by hand. */
export function operationsOf(
  { outage }: Profile,
  focus?: Focus,
): readonly (readonly [weight: number, operation: Operation])[] {
  return Object.entries(all).flatMap(([name, [usual, operation, byHand]]) => {
    const weight = focus === undefined ? usual : (focus[name as keyof Focus] ?? 0);
    return weight === 0 || (outage && byHand) ? [] : [[weight, operation] as const];
  });
}
