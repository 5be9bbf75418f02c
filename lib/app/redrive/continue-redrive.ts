import { sleep } from '../../core/kernel/sleep.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { DeadLetter } from '../../core/redrive/dead-letter.ts';
import { redriveTimeoutSeconds } from '../../core/redrive/limits.ts';
import {
  batchOf,
  isFinished,
  isRunOf,
  judgeCanary,
  lifetimeOf,
  nextSendMs,
  type Redrive,
  selects,
} from '../../core/redrive/redrive.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { KeptDeadLetter } from '../../runtime/stores/dead-letters.ts';
import type { Tools } from '../../runtime/tools.ts';
import { mayActorUse } from '../access/act.ts';
import { sendBack } from './send-back.ts';
import { type TakeInTools, takeIn } from './take-in.ts';

/** How long one invocation continues a redrive before it leaves the rest to the next. */
const redriveSliceSeconds = 25;

export type ContinueTools = TakeInTools &
  Tools<'applications' | 'registry' | 'redrives' | 'deliveries' | 'queues'>;

/** The run after one step, and how long to wait before the next. */
interface Step {
  readonly run: Redrive;
  readonly waitMs: number;
}

/** As long as the function that has the lease can run. */
const leaseMs = redriveTimeoutSeconds * 1000;
/** The function waits out shorter waits; longer ones are left to the queue. */
const shortWaitMs = 1000;
const troubleMs = 30_000;

/**
 * Continues a redrive for some seconds. Its message stays hidden in the queue until the run is over: a crash only
 * delays the next invocation, and no message is sent that could look like a loop.
 * @returns how many seconds to hide the message; undefined when the run is over.
 */
export async function continueRedrive(
  tools: ContinueTools,
  { receiver, redrive }: { readonly receiver: string; readonly redrive: string },
): Promise<number | undefined> {
  const { clock } = tools;
  const found = await tools.redrives.find(receiver);
  if (found === undefined || found.id !== redrive || isFinished(found)) return undefined;
  const leaseLeftMs = found.leaseUntilMs - clock.now();
  if (leaseLeftMs > 0) return toSeconds(leaseLeftMs);
  let run: Redrive = { ...found, leaseUntilMs: clock.now() + leaseMs };
  // Another worker took it at the same moment, or it was stopped.
  if (!(await tools.redrives.replace(run, found))) return 1;

  const untilMs = clock.now() + redriveSliceSeconds * 1000;
  for (;;) {
    let step: Step;
    try {
      step = await takeStep(tools, run, untilMs);
    } catch (error) {
      tools.log('error', 'A redrive failed for now and will be continued', {
        receiver,
        redrive,
        reason: String(error),
      });
      step = { run, waitMs: troubleMs };
    }
    const nowMs = clock.now();
    const isSliceOver = step.waitMs > shortWaitMs || nowMs + step.waitMs >= untilMs;
    const next: Redrive = {
      ...step.run,
      updatedAt: new Date(nowMs).toISOString(),
      leaseUntilMs: isSliceOver ? 0 : run.leaseUntilMs,
      dueAtMs: nowMs + step.waitMs,
    };
    if (!(await tools.redrives.replace(next, run))) return 1;
    run = next;
    if (isFinished(run)) {
      tools.log(run.state === 'done' ? 'info' : 'warn', `A redrive is ${run.state}`, {
        receiver,
        redrive,
        sent: run.sent,
        total: run.total,
        reason: run.reason,
      });
      return undefined;
    }
    if (isSliceOver) return toSeconds(step.waitMs);
    if (step.waitMs > 0) await sleep(clock, step.waitMs);
  }
}

const toSeconds = (milliseconds: number) => Math.max(1, Math.ceil(milliseconds / 1000));

async function takeStep(tools: ContinueTools, run: Redrive, untilMs: number): Promise<Step> {
  const receiver = await tools.registry.receiver(run.receiver);
  if (receiver === undefined || !isRunOf(run, receiver)) {
    return over(run, 'halted', 'The receiver was deleted.');
  }
  if (run.actor !== undefined && !(await mayActorUse(tools, run.actor, receiver.owner))) {
    const reason = `The receiver belongs to ${receiver.owner} now, and ${run.startedBy} may not send to it.`;
    return over(run, 'halted', reason);
  }
  if (!isFlowing(receiver)) return { run, waitMs: troubleMs };
  if (run.state === 'collecting') return await collect(tools, run, receiver, untilMs);
  if (run.state === 'canary') return await watchCanary(tools, run);
  return await sendNext(tools, run);
}

const over = (run: Redrive, state: 'done' | 'halted', reason?: string): Step => ({
  run: { ...run, state, ...(reason !== undefined && { reason }) },
  waitMs: 0,
});

async function collect(
  tools: ContinueTools,
  run: Redrive,
  receiver: Receiver,
  untilMs: number,
): Promise<Step> {
  if (!(await takeIn(tools, receiver, untilMs))) return { run, waitMs: 0 };
  if (run.ids !== undefined) {
    const found = await tools.deadLetters.find(run, run.ids);
    const total = found.filter(({ letter }) => selects(run, letter)).length;
    const counted = { ...run, total, missing: run.ids.length - found.length };
    return total === 0 ? over(counted, 'done') : { run: { ...counted, state: 'canary' }, waitMs: 0 };
  }
  const total = (await tools.deadLetters.all(run)).filter((letter) => selects(run, letter)).length;
  return total === 0 ? over(run, 'done') : { run: { ...run, total, state: 'canary' }, waitMs: 0 };
}

async function watchCanary(tools: ContinueTools, run: Redrive): Promise<Step> {
  const nowMs = tools.clock.now();
  if (run.canary === undefined) {
    const { letters, looked } = await choose(tools, run, 1);
    const [first] = letters;
    if (first === undefined) return over(looked, 'done');
    const { sent, settledBefore, failure } = await sendBack(tools, run, letters);
    if (failure !== undefined) return { run, waitMs: troubleMs };
    const counted = { ...looked, settledBefore: run.settledBefore + settledBefore };
    // A letter that needed no sending proves nothing: the next one is the canary.
    if (sent === 0) return { run: counted, waitMs: 0 };
    const canary = { id: first.letter.id, sentAt: new Date(nowMs).toISOString() };
    return { run: { ...counted, sent: run.sent + 1, canary }, waitMs: shortWaitMs };
  }
  const record = (await tools.deliveries.find([run.canary.id], lifetimeOf(run))).get(run.canary.id);
  const verdict = judgeCanary(record, Date.parse(run.canary.sentAt), nowMs);
  switch (verdict.kind) {
    case 'go':
      return { run: { ...run, state: 'sending', nextSendAtMs: nowMs }, waitMs: 0 };
    case 'halt':
      return over(run, 'halted', verdict.reason);
    case 'wait':
      return { run, waitMs: verdict.seconds * 1000 };
  }
}

async function sendNext(tools: ContinueTools, run: Redrive): Promise<Step> {
  const nowMs = tools.clock.now();
  if (run.nextSendAtMs > nowMs) return { run, waitMs: run.nextSendAtMs - nowMs };
  const { letters, looked } = await choose(tools, run, batchOf(run));
  if (letters.length === 0) return over(looked, 'done');
  const { sent, settledBefore, failure } = await sendBack(tools, run, letters);
  const counted = {
    sent: run.sent + sent,
    settledBefore: run.settledBefore + settledBefore,
    nextSendAtMs: nextSendMs(run, sent, nowMs),
  };
  // What could not be sent is still a dead letter: the same position is looked at again.
  if (failure !== undefined) return { run: { ...run, ...counted }, waitMs: troubleMs };
  return { run: { ...looked, ...counted }, waitMs: 0 };
}

/** The next letters of a run, at most `count`, and the run with its new position. */
async function choose(
  tools: ContinueTools,
  run: Redrive,
  count: number,
): Promise<{ letters: KeptDeadLetter[]; looked: Redrive }> {
  if (run.ids !== undefined) {
    for (let position = run.position; position < run.ids.length; position += count) {
      const found = await tools.deadLetters.find(run, run.ids.slice(position, position + count));
      const letters = found.filter(({ letter }) => selects(run, letter));
      if (letters.length > 0) return { letters, looked: { ...run, position: position + count } };
    }
    return { letters: [], looked: run };
  }
  const letters: KeptDeadLetter[] = [];
  for (let after: string | undefined = run.cursor; after !== undefined; ) {
    const page: Portion<DeadLetter> = await tools.deadLetters.page(run, after, pageLetters);
    for (const { key, item: letter } of page.items) {
      if (selects(run, letter)) letters.push({ key, letter });
      if (letters.length === count) return { letters, looked: { ...run, cursor: key } };
    }
    after = page.last;
  }
  return { letters, looked: { ...run, cursor: letters.at(-1)?.key ?? run.cursor } };
}

/** At most this many letters are read in one call, to find those that a run covers. */
const pageLetters = 100;
