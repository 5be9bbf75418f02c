import { Command } from 'commander';
import type { Attempt, ExplainedEvent, Fate, Why } from '../core/why/why.ts';
import { jsonText, plain } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import type { Output } from './support/world.ts';

interface WhyOptions {
  readonly source?: string;
  readonly since?: string;
  readonly until?: string;
}

export function whyCommand(session: Session): Command {
  return new Command('why')
    .description(
      'explain what happened to an event: who received it, who did not and why, with every attempt',
    )
    .argument('<event-id>', 'the id of the event')
    .option('--source <source>', 'the source of the event, since ids are unique only within a source')
    .option(
      '--since <time>',
      'search from this time on (RFC 3339), which is faster than searching all 30 days',
    )
    .option('--until <time>', 'search up to this time (RFC 3339), to go on behind an earlier search')
    .addHelpText(
      'after',
      `
Examples:
  busbar why 7e0d4c0a-8f0e-4b1c-9a55-1f6f0c9f2b11
  busbar why invoices/2026/17 --source /billing --json`,
    )
    .action(async (id: string, options: WhyOptions, command: Command) => {
      const { stdout } = session.world;
      // The id is a query parameter, because in the path it could not contain slashes.
      const query = new URLSearchParams({ id, ...options });
      const body = await connect(session, command).call('GET', `/events?${query}`);
      await stdout.write(wantsJson(command) ? `${jsonText(body)}\n` : timeline(body as Why, stdout));
    });
}

/** The answer as text. */
function timeline(why: Why, output: Output): string {
  const lines = why.events.flatMap((event) => [...eventLines(event, output), '']);
  if (why.events.length === 0) lines.push(`Nothing is known about ${plain(why.id)}.`);
  if (why.notRecorded !== undefined) lines.push(sentence(why.notRecorded));
  if (!why.searched.complete) {
    lines.push(
      `The search went back only to ${why.searched.since}; go on from there with --until ${why.searched.since}.`,
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function eventLines(event: ExplainedEvent, output: Output): string[] {
  const title = `${plain(event.id)}  ${plain(event.type)}  from ${plain(event.source)}`;
  const where = event.topic === undefined ? `sent to ${event.invoked}` : `published to ${event.topic}`;
  const often = event.publishes === undefined ? '' : `, the last of ${event.publishes} times`;
  const due = event.dueAt === undefined ? '' : `, due ${event.dueAt}`;
  const state = event.state === undefined ? '' : `, ${event.state}`;
  const hidden = event.hiddenReceivers ?? 0;
  return [
    output.paint('bold', title),
    `  ${event.publishedAt ?? '(time not recorded)'}  ${where}${often}${due}${state} (trace: ${event.trace})`,
    ...event.receivers.flatMap((fate) => fateLines(fate, output)),
    ...(event.receivers.length === 0 && hidden === 0 ? ['  No receiver was subscribed.'] : []),
    ...(hidden > 0 ? [`  ${hidden} more of other owners, which this key may not see`] : []),
  ];
}

function fateLines(fate: Fate, output: Output): string[] {
  const what = fate.matched === false ? 'filtered out' : `${fate.state}`;
  const lane = fate.lane === undefined ? '' : `  ${fate.lane} lane`;
  const count = fate.attemptCount === undefined ? '' : `  ${fate.attemptCount} attempts`;
  return [
    `  ${output.paint('bold', plain(fate.receiver))}  ${what}${lane}${count}`,
    ...(fate.refusedBy ?? []).map(
      ({ key, condition, because }) =>
        `    ${plain(key)} must be ${jsonText(condition)}: ${reasons[because]}`,
    ),
    ...fate.attempts.map(attemptLine),
    ...(fate.deadLettered ?? []).map(
      ({ at, cause, attempts }) => `    ${at}  dead letter after attempt ${attempts}: ${plain(cause)}`,
    ),
    ...(fate.nextAttemptAt === undefined ? [] : [`    ${fate.nextAttemptAt}  next attempt`]),
    ...(fate.note === undefined ? [] : [`    ${sentence(plain(fate.note))}`]),
  ];
}

const reasons = {
  absent: 'the event does not have this value',
  different: 'the event has a different value',
  apart: 'the event has it in a different element of the list',
};

/** How much of a response to show; the JSON output has all of it. */
const detailMax = 160;

function attemptLine({ attempt, at, status, error, latencyMs, detail }: Attempt): string {
  const text = detail === undefined ? '' : plain(detail.replaceAll(/\s+/g, ' ').trim());
  const cut = text.length > detailMax ? `${text.slice(0, detailMax)}…` : text;
  const outcome = plain(String(status ?? error ?? ''));
  return `    ${at}  attempt ${attempt}  ${outcome} in ${latencyMs} ms${cut === '' ? '' : `  ${cut}`}`;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
