import type { Arrived, Judgement, Promised } from './ledger.ts';
import type { Life } from './lives.ts';

/** How much to show of what happened before and after an event. */
const aroundMs = 5000;

/** The violations, and everything known about the event of the first one, in chronological order; empty if there are none. */
export function reportOf(found: {
  readonly seed: number;
  readonly startedMs: number;
  readonly judgement: Judgement;
  readonly promised: ReadonlyMap<string, Promised>;
  readonly arrived: readonly Arrived[];
  readonly lives: readonly Life[];
}): string {
  const { seed, judgement, startedMs } = found;
  const [first] = judgement.violations;
  if (first === undefined) return '';
  const lines: (readonly [atMs: number, text: string])[] = [];
  const event = found.promised.get(first.id);
  if (event !== undefined) {
    const { id, by, receivers, fate, atMs, notBeforeMs } = event;
    lines.push([atMs, `${id} (${by}) for ${receivers.join(', ')}: ${fate}`]);
    if (notBeforeMs !== undefined) lines.push([notBeforeMs, `${id} is due`]);
  }
  for (const { receiver, id, deliveryId, atMs, status = 'nothing' } of found.arrived) {
    if (id === first.id) lines.push([atMs, `${receiver} gets ${id} as ${deliveryId} and answers ${status}`]);
  }
  const timesMs = lines.map(([atMs]) => atMs);
  const isNear = (atMs: number) =>
    atMs >= Math.min(...timesMs) - aroundMs && atMs <= Math.max(...timesMs) + aroundMs;
  for (const [index, { spawnedAtMs, upAtMs, killedAtMs }] of found.lives.entries()) {
    lines.push([spawnedAtMs, `bus ${index} starts`]);
    if (upAtMs !== undefined) lines.push([upAtMs, `bus ${index} is up`]);
    if (killedAtMs !== undefined) lines.push([killedAtMs, `bus ${index} is killed`]);
  }
  return [
    `seed ${seed}: ${judgement.violations.length} violations`,
    ...judgement.violations.slice(0, 10).map(({ kind, text }) => `  ${kind}: ${text}`),
    'Around the first one, in seconds:',
    ...lines
      .filter(([atMs]) => isNear(atMs))
      .sort(([left], [right]) => left - right)
      .map(([atMs, text]) => `  ${((atMs - startedMs) / 1000).toFixed(3).padStart(8)}  ${text}`),
  ].join('\n');
}
