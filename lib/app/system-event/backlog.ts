import { admit, breakerOf } from '../../core/breaker/breaker.ts';
import { enteredAtMs } from '../../core/deliver/offload.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { topicAttribute } from '../../core/routing/routing.ts';
import {
  backlogsHigh,
  highBacklogAfter,
  newsOfHigh,
  newsOfNormal,
  seenEverySeconds,
  seenIn,
  stepOf,
  stillHigh,
} from '../../core/system-event/backlog.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';

/** What is read of a batch that was settled. */
interface Settled {
  readonly receiver: Receiver;
  readonly isParked: boolean;
  readonly decisions: readonly {
    readonly message: ReceivedMessage;
    readonly done: boolean;
    readonly hideSeconds?: number;
  }[];
}

export type WatchBacklogTools = Tools<'highBacklogs'> & {
  /** When this instance last wrote or read what is known of a receiver's backlog, and until when that says it waits. */
  readonly backlogsSeen: Map<string, { readonly atMs: number; readonly untilMs: number }>;
};

/**
 * Reports a backlog that a settled batch shows to be high. A batch without old events costs nothing; one with some costs a
 * read or a write a minute in each instance. No failure is thrown: that would bring back what the batch delivered.
 */
export async function watchBacklog(tools: WatchBacklogTools, context: Settled): Promise<void> {
  const { receiver, decisions, isParked } = context;
  // What waits because somebody wants it to is no news.
  if (isParked) return;
  const nowMs = tools.clock.now();
  const waiting = decisions
    .filter(({ message }) => message.attributes[topicAttribute] !== systemTopicName)
    .map(({ message, done, hideSeconds = 0 }) => ({
      enteredAtMs: enteredAtMs(message),
      hideSeconds: done ? undefined : hideSeconds,
    }));
  const seen = seenIn(waiting, nowMs);
  if (seen === undefined) return;
  const last = tools.backlogsSeen.get(receiver.receiver);
  const isKnown = last !== undefined && nowMs - last.atMs < seenEverySeconds * 1000;
  if (isKnown && seen.untilMs <= last.untilMs + seenEverySeconds * 1000) return;
  try {
    const was = await tools.highBacklogs.find(receiver.receiver);
    const row = highBacklogAfter(was, receiver, seen, nowMs);
    const begins = row !== undefined && (was === undefined || was.of !== row.of);
    // Whoever was first has seen much the same.
    if (row !== undefined && row !== was) {
      await tools.highBacklogs.swap(was, row, begins ? [newsOfHigh(receiver, seen, nowMs)] : []);
    }
    tools.backlogsSeen.set(receiver.receiver, { atMs: nowMs, untilMs: row?.untilMs ?? seen.untilMs });
  } catch (error) {
    const reason = String(error);
    tools.log('error', 'A high backlog could not be noted', { receiver: receiver.receiver, reason });
  }
}

export type SweepBacklogsTools = Tools<'highBacklogs' | 'registry' | 'breakers'>;

/** How many receivers the line of the log names. */
const namesMax = 50;

/** Reports the backlogs that are normal again, and logs those that are high. It reads only these. */
export async function sweepBacklogs(tools: SweepBacklogsTools): Promise<void> {
  const high: string[] = [];
  for (const row of await tools.highBacklogs.all()) {
    const nowMs = tools.clock.now();
    const receiver = await tools.registry.receiver(row.receiver);
    const kept = receiver && (await tools.breakers.read(row.receiver));
    const isStopped =
      receiver !== undefined &&
      (!isFlowing(receiver) || admit(breakerOf(kept, receiver.endpoint), nowMs).kind !== 'all');
    const step = stepOf(row, receiver, isStopped, nowMs);
    if (step === 'keep') {
      // What waits because somebody wants it to is no alarm.
      if (receiver?.state !== 'paused') high.push(row.receiver);
      if (isStopped) await tools.highBacklogs.swap(row, stillHigh(row, nowMs), []);
    } else if (step === 'forget' || receiver === undefined) await tools.highBacklogs.end(row, []);
    else await tools.highBacklogs.end(row, [newsOfNormal(receiver, row, nowMs)]);
  }
  if (high.length > 0) {
    tools.log('warn', backlogsHigh, { receivers: high.slice(0, namesMax), count: high.length });
  }
}
