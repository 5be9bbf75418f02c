import type { Look } from '../../core/delay/delayed.ts';
import { writeTimer } from '../../core/delay/timer.ts';
import { chooseWait } from '../../core/delay/wait.ts';
import { aws } from '../../core/kernel/limits.ts';
import type { Tools } from '../../runtime/tools.ts';

export type TimerTools = Tools<'queues' | 'schedules'>;

/** A message that the delay queue is to hand out at a given time. */
export interface Timer {
  /** The name of its schedule, if it waits in one; never used before. */
  readonly name: string;
  readonly dueAtMs: number;
  readonly text: string;
}

export const lookTimer = (look: Look): Timer => ({
  name: look.revision,
  dueAtMs: look.dueAtMs,
  text: writeTimer(look),
});

/** Sets timers, short ones in calls of ten. Returns, in order, why one was not set, or undefined for one that was. */
export async function setTimers(
  tools: TimerTools,
  timers: readonly Timer[],
): Promise<(string | undefined)[]> {
  const nowMs = tools.clock.now();
  const problems: (string | undefined)[] = Array.from({ length: timers.length });
  const short: { index: number; body: string; delaySeconds: number }[] = [];
  const long: Promise<void>[] = [];
  for (const [index, { name, dueAtMs, text }] of timers.entries()) {
    const wait = chooseWait(dueAtMs, nowMs);
    if (wait.kind === 'queue') short.push({ index, body: text, delaySeconds: wait.delaySeconds });
    else {
      const set = tools.schedules.create(name, wait.fireAtMs, text).catch((error: unknown) => {
        problems[index] = String(error);
      });
      long.push(set);
    }
  }
  const batches: Promise<void>[] = [];
  for (let start = 0; start < short.length; start += aws.sqs.batchEntriesMax) {
    batches.push(sendShort(tools, short.slice(start, start + aws.sqs.batchEntriesMax), problems));
  }
  await Promise.all([...long, ...batches]);
  return problems;
}

async function sendShort(
  tools: TimerTools,
  batch: readonly { index: number; body: string; delaySeconds: number }[],
  problems: (string | undefined)[],
): Promise<void> {
  const failures = await tools.queues.send(
    'delay',
    batch.map(({ body, delaySeconds }) => ({ body, delaySeconds, attributes: {} })),
  );
  for (const [position, { index }] of batch.entries()) problems[index] = failures[position]?.reason;
}

/**
 * Deletes the schedule of an outdated timer. If it stays, a function looks at the row once in vain; that does no other
 * harm.
 */
export async function dropTimer(tools: TimerTools, name: string): Promise<void> {
  try {
    await tools.schedules.delete(name);
  } catch (error) {
    tools.log('warn', 'An outdated schedule could not be deleted', {
      schedule: name,
      reason: String(error),
    });
  }
}
