import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type BusbarError,
  type Client,
  type EventInput,
  PublishInterruptedError,
} from '../../client/index.ts';
import { exitCodes } from '../support/exit-codes.ts';
import { CliError, usageError } from '../support/failure.ts';
import { connect, type Session, wantsJson } from '../support/session.ts';
import type { EventOptions } from './event-of.ts';
import { InputProblem } from './event-of.ts';
import { type Input, openInput, type Sendable } from './input.ts';
import { pour } from './pour.ts';
import { createProgress } from './progress.ts';
import { countsText, createTally, grouped, type Item, type Tally } from './tally.ts';

export interface PublishRun {
  readonly target: { readonly topic: string } | { readonly receiver: string };
  readonly data: string | undefined;
  readonly event: EventOptions;
  /** A file for the events that were not stored. */
  readonly rejected: string | undefined;
  readonly concurrency: number;
}

/** Stays below the bus's limit of 1 MB, because the client adds id, source and time to each event. */
const batch = { count: 100, bytes: 900_000 };

/** Publishes the whole input and prints the results. */
export async function publishAll(session: Session, command: Command, run: PublishRun): Promise<void> {
  const { world } = session;
  session.about = run.target;
  const input = await openChecked(session, run);
  const json = wantsJson(command);
  const progress = createProgress(world, { enabled: input.isStream && !json, totalBytes: input.totalBytes });
  const keeper = run.rejected === undefined ? undefined : await open(run.rejected, 'w');
  const tally = createTally({
    world,
    json,
    keep: keeper && (async (line) => void (await keeper.write(`${line}\n`))),
    beforePrint: progress.clear,
  });
  const client = connect(session, command, {
    retry: { attempts: input.isStream ? 6 : 3 },
    onRetry: ({ delayMs, error }) => noteRetry(error, delayMs),
  });
  const interrupts = world.interrupts();
  const halt = new AbortController();
  const stop = AbortSignal.any([interrupts.stop, halt.signal]);
  const startedMs = world.now();
  let failure: PublishInterruptedError | undefined;
  let lastLine = 0;

  function noteRetry(error: BusbarError, delayMs: number): void {
    const text = `${error.status ?? error.code}: ${error.detail} Trying again in ${(delayMs / 1000).toFixed(1)} s.`;
    if (input.isStream && world.stderr.isTerminal && !json) progress.note(text);
    else void world.stderr.write(`${text}\n`);
  }

  async function send(items: readonly Sendable[]): Promise<void> {
    const events = items.map((item) => item.event);
    try {
      const answer = await deliver(client, run, events, interrupts.abort);
      await tally.results(items, answer.events);
    } catch (error) {
      if (!(error instanceof PublishInterruptedError)) throw error;
      failure ??= error;
      halt.abort();
      await tallyInterrupted(tally, items, error, run.event.type !== undefined);
    }
    progress.update({
      answered: tally.answered(),
      rejected: tally.counts.rejected,
      bytesRead: input.bytesRead(),
    });
  }

  /** Rejects items that are not events, and yields the others. */
  async function* sendable() {
    for await (const chunk of input.chunks(stop)) {
      const good: Sendable[] = [];
      for (const item of chunk) {
        lastLine = item.line ?? lastLine;
        if ('event' in item) good.push(item);
        else await tally.refuse(item, 'invalid_line', item.problem);
      }
      yield good;
    }
  }

  const announce = () => {
    progress.clear();
    void world.stderr.write('Stopping after the current requests; press Ctrl-C again to abort them.\n');
  };
  interrupts.stop.addEventListener('abort', announce, { once: true });
  try {
    const unsent = await pour(sendable(), {
      limits: { ...batch, concurrency: run.concurrency },
      bytesOf: (item) => Buffer.byteLength(item.text) + 256,
      send,
      stop,
    });
    for (const item of unsent) await tally.unsent(item);
  } finally {
    interrupts.stop.removeEventListener('abort', announce);
    progress.clear();
    await keeper?.close();
  }
  await tally.listLost();
  await printSummary(session, {
    run,
    input,
    tally,
    json,
    startedMs,
    lastLine,
    stopped: stop.aborted,
    failure,
  });
}

async function openChecked({ world }: Session, run: PublishRun): Promise<Input> {
  if (run.rejected !== undefined && run.data?.startsWith('@')) {
    if (resolve(run.rejected) === resolve(run.data.slice(1))) {
      throw usageError(
        '--rejected names the input file.',
        'Name another file, because this one is overwritten.',
      );
    }
  }
  try {
    const input = await openInput(world, run.data, run.event);
    if (input.isStream && run.event.id !== undefined) {
      throw usageError('--id is only for a single event.', 'Give each line its own "id".');
    }
    return input;
  } catch (error) {
    if (error instanceof InputProblem) throw usageError(error.message);
    throw error;
  }
}

function deliver(
  client: Client,
  run: PublishRun,
  events: Parameters<Client['publish']>[1],
  signal: AbortSignal,
) {
  const options = { partial: 'return', signal } as const;
  return 'topic' in run.target
    ? client.publish(run.target.topic, events, options)
    : client.invoke(run.target.receiver, events, options);
}

/** Counts the results that came, and keeps the other events with the ids they were sent with. */
async function tallyInterrupted(
  tally: Tally,
  items: readonly Item[],
  error: PublishInterruptedError,
  linesAreData: boolean,
): Promise<void> {
  await tally.results(items, error.results);
  const answered = new Set(error.results.map((result) => result.index));
  const open = items.filter((_, index) => !answered.has(index));
  const outcome = error.refused ? 'not stored' : 'unanswered';
  for (const [at, item] of open.entries()) {
    const event = error.unanswered[at];
    await tally.lost(
      item,
      outcome,
      event?.id,
      event === undefined ? item.text : againText(event, linesAreData),
    );
  }
}

/**
 * The event as a line for another run with the same options. It is a CloudEvent, because that is read as an event
 * even if lines are data; its delay is then in the options. Otherwise a delayed event must be shorthand.
 */
function againText(event: EventInput, linesAreData: boolean): string {
  const { delaySeconds, deliverAt, ...rest }: Record<string, unknown> = { ...event };
  const isDelayed = delaySeconds !== undefined || deliverAt !== undefined;
  return JSON.stringify(isDelayed && !linesAreData ? event : { specversion: '1.0', ...rest });
}

async function printSummary(
  session: Session,
  end: {
    run: PublishRun;
    input: Input;
    tally: Tally;
    json: boolean;
    startedMs: number;
    lastLine: number;
    stopped: boolean;
    failure: PublishInterruptedError | undefined;
  },
): Promise<void> {
  const { world } = session;
  const { tally, failure, input } = end;
  const target = 'topic' in end.run.target ? end.run.target.topic : end.run.target.receiver;
  const tookSeconds = Math.max(0.001, (world.now() - end.startedMs) / 1000);
  const rate = input.isStream
    ? ` in ${tookSeconds.toFixed(1)} s (${grouped(tally.answered() / tookSeconds)}/s)`
    : '';
  const summary = `${target}: ${countsText(tally.counts)}${rate}.\n`;
  const wasStopped = end.stopped && input.isStream;
  const where = wasStopped ? `Stopped; the lines after line ${end.lastLine} were not read.\n` : '';
  await (end.json ? world.stderr : world.stdout).write(summary);
  await world.stderr.write(where);

  if (failure !== undefined && failure.code !== 'aborted') throw failure;
  if (world.interrupts().stop.aborted) session.exitCode = exitCodes.interrupted;
  else if (tally.counts.rejected > 0) session.exitCode = exitCodes.failed;
  else if (tally.answered() === 0) {
    throw new CliError('There was nothing to publish.', 'Standard input or the file contained no events.');
  }
}
