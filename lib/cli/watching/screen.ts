import { plain } from '../support/plain.ts';
import { type Column, field, table } from '../support/table.ts';
import type { Output } from '../support/world.ts';
import type { ReceiverStatus, Status } from './read-status.ts';

/** How bad it is: what stops deliveries first, then what is late or lost. */
export function severity(status: ReceiverStatus): number {
  const { state, breaker, redrive, deadLetters, oldestSeconds = 0 } = status;
  if (state === 'disabled') return 6;
  if (breaker === 'open') return 5;
  if (breaker === 'half-open') return 4;
  if (redrive?.state === 'halted') return 3;
  if (state === 'paused') return 2;
  return deadLetters > 0 || oldestSeconds >= lateSeconds ? 1 : 0;
}

const lateSeconds = 60;
const colours = [undefined, 'yellow', 'yellow', 'yellow', 'red', 'red', 'red'] as const;

/** The worst first; then by age, backlog and dead letters. */
export const worstFirst = (receivers: readonly ReceiverStatus[]): ReceiverStatus[] =>
  [...receivers].sort(
    (one, other) =>
      severity(other) - severity(one) ||
      (other.oldestSeconds ?? 0) - (one.oldestSeconds ?? 0) ||
      (other.waiting ?? 0) - (one.waiting ?? 0) ||
      other.deadLetters - one.deadLetters ||
      (one.receiver < other.receiver ? -1 : 1),
  );

const receiverColumns: readonly Column[] = [
  field('receiver'),
  field('owner'),
  field('state'),
  field('breaker'),
  field('waiting'),
  field('inFlight', 'in flight'),
  {
    title: 'oldest',
    value: ({ oldestSeconds }) => (oldestSeconds ? span(Number(oldestSeconds)) : undefined),
  },
  {
    title: 'per s',
    value: ({ deliveredPerSecond }) =>
      typeof deliveredPerSecond === 'number' ? Number(deliveredPerSecond.toPrecision(2)) : undefined,
  },
  field('deadLetters', 'dead letters'),
  {
    title: 'redrive',
    value: ({ redrive }) => {
      const run = redrive as ReceiverStatus['redrive'];
      return run && `${run.state} ${run.sent}/${run.total}`;
    },
  },
  field('stateReason', 'reason'),
];

const holdColumns: readonly Column[] = [
  field('topic'),
  field('owner'),
  field('state'),
  field('since'),
  field('by'),
];

const requestColumns: readonly Column[] = [
  field('id'),
  field('kind'),
  field('application', 'from'),
  field('topic'),
  field('receiver'),
  field('reason'),
];

/** Everything on one screen, the receivers with the worst first. */
export function screenOf(status: Status, output: Output): string {
  const receivers = worstFirst(status.receivers);
  const blocks = [heading(status, output)];
  if (receivers.length > 0) {
    const [titles = '', ...lines] = table(receivers as unknown as Rows, receiverColumns, output).split('\n');
    const painted = lines.map((line, at) => {
      const colour = colours[receivers[at] === undefined ? 0 : severity(receivers[at])];
      return colour === undefined ? line : output.paint(colour, line);
    });
    blocks.push([titles, ...painted].join('\n'));
  }
  if (status.holds.length > 0) blocks.push(`Topics on hold\n${table(status.holds, holdColumns, output)}`);
  if (status.requests.length > 0) {
    blocks.push(`Open requests\n${table(status.requests, requestColumns, output)}`);
  }
  return blocks.join('\n');
}

type Rows = Parameters<typeof table>[0];

function heading({ at, receivers, holds, requests }: Status, output: Output): string {
  const bad = receivers.filter((one) => severity(one) > 0).length;
  const letters = receivers.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
  const counts = [
    `${receivers.length} receivers`,
    bad === 0 ? 'all well' : `${bad} to look at`,
    `${letters} dead letters`,
    `${holds.length} topics on hold`,
    `${requests.length} open requests`,
  ];
  return `${output.paint('bold', plain(at))}  ${counts.join(', ')}\n`;
}

/** A time span for people: `45s`, `12m`, `3h`, `2d`. */
function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)}s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}
