import { Command } from 'commander';
import type { Attempt, ExplainedEvent, Fate, Why } from '../core/why.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { plain } from './table.ts';
import type { Output } from './world.ts';

interface WhyOptions {
  readonly source?: string;
  readonly since?: string;
}

export function whyCommand(session: Session): Command {
  return new Command('why')
    .description('tell what became of an event: who got it, who did not and why, attempt by attempt')
    .argument('<event-id>', 'the id of the event')
    .option('--source <source>', 'only the event of this source: ids are unique within a source')
    .option('--since <time>', 'search from this RFC 3339 time on, which is quicker than all 30 days')
    .addHelpText(
      'after',
      `
Examples:
  busbar why 7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b11
  busbar why invoices/2026/17 --source /billing --json`,
    )
    .action(async (id: string, options: WhyOptions, command: Command) => {
      const { stdout } = session.world;
      // As a parameter and not in the path, where an id could not have slashes.
      const query = new URLSearchParams({ id, ...options });
      const body = await connect(session, command).call('GET', `/events?${query}`);
      await stdout.write(wantsJson(command) ? `${JSON.stringify(body)}\n` : timeline(body as Why, stdout));
    });
}

/** The answer as a person reads it. */
function timeline(why: Why, output: Output): string {
  const lines = why.events.flatMap((event) => [...eventLines(event, output), '']);
  if (why.events.length === 0) lines.push(`Nothing is known of ${plain(why.id)}.`);
  if (why.notRecorded !== undefined) lines.push(sentence(why.notRecorded));
  if (!why.searched.complete) {
    lines.push(
      `Traces were searched back to ${why.searched.since} only; give --since for a time nearer to the event.`,
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function eventLines(event: ExplainedEvent, output: Output): string[] {
  const title = `${plain(event.id)}  ${plain(event.type)}  from ${plain(event.source)}`;
  const where = event.topic === undefined ? `invoked at ${event.invoked}` : `published to ${event.topic}`;
  const often = event.publishes === undefined ? '' : `, the last of ${event.publishes} times`;
  const due = event.dueAt === undefined ? '' : `, due ${event.dueAt}`;
  const hidden = event.hiddenReceivers ?? 0;
  return [
    output.paint('bold', title),
    `  ${event.publishedAt ?? '(time not recorded)'}  ${where}${often}${due} (trace: ${event.trace})`,
    ...event.receivers.flatMap((fate) => fateLines(fate, output)),
    ...(event.receivers.length === 0 && hidden === 0 ? ['  No receiver was subscribed.'] : []),
    ...(hidden > 0 ? [`  ${hidden} more of other owners, which this key does not see`] : []),
  ];
}

function fateLines(fate: Fate, output: Output): string[] {
  const what = fate.matched === false ? 'refused by its filter' : `${fate.state}`;
  const lane = fate.lane === undefined ? '' : `  ${fate.lane} lane`;
  const count = fate.attemptCount === undefined ? '' : `  ${fate.attemptCount} attempts`;
  return [
    `  ${output.paint('bold', fate.receiver)}  ${what}${lane}${count}`,
    ...(fate.refusedBy ?? []).map(
      ({ key, condition, because }) =>
        `    ${plain(key)} must be ${plain(JSON.stringify(condition))}: ${reasons[because]}`,
    ),
    ...fate.attempts.map(attemptLine),
    ...(fate.nextAttemptAt === undefined ? [] : [`    ${fate.nextAttemptAt}  next attempt`]),
    ...(fate.note === undefined ? [] : [`    ${sentence(fate.note)}`]),
  ];
}

const reasons = {
  absent: 'the event has no such value',
  different: 'the event has another value',
  apart: 'the event has it in another element of the list',
};

/** How much of a response is shown on a line; all of it is in the JSON. */
const detailMax = 160;

function attemptLine({ attempt, at, status, error, latencyMs, detail }: Attempt): string {
  const text = detail === undefined ? '' : plain(detail.replaceAll(/\s+/g, ' ').trim());
  const cut = text.length > detailMax ? `${text.slice(0, detailMax)}…` : text;
  const outcome = status ?? error ?? '';
  return `    ${at}  attempt ${attempt}  ${outcome} in ${latencyMs} ms${cut === '' ? '' : `  ${cut}`}`;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
