import { invalidField } from '../kernel/errors.ts';
import { keptFor, type Step, startOf } from './steps.ts';

/** What is asked for, as far as it is said. Epoch milliseconds; `step` in seconds. */
export interface PeriodQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly step?: Step | undefined;
}

/** From the start of a step on, and before a time. */
export interface Period {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly step: Step;
}

const pointsMax = 1500;
/** So much is shown when nothing is said: an hour by minutes, two days by hours, a month by days. */
const pointsDefault: Readonly<Record<Step, number>> = { 60: 60, 3600: 48, 86400: 30 };

/** @throws BusbarError invalid_request, naming the parameter. */
export function periodOf({ since, until, step = 60 }: PeriodQuery, nowMs: number): Period {
  // The point of this very moment is part of it.
  const untilMs = until ?? nowMs + 1;
  const sinceMs = startOf(since ?? untilMs - (pointsDefault[step] - 1) * step * 1000, step);
  if (sinceMs >= untilMs) throw invalidField('since', 'is not before until');
  const points = Math.ceil((untilMs - sinceMs) / (step * 1000));
  if (points > pointsMax) {
    throw invalidField(
      'since',
      `asks for ${points} points, and one call returns ${pointsMax} at most. Ask for a shorter time, or a longer step`,
    );
  }
  return { sinceMs, untilMs, step };
}

/** The starts of the points of a period, epoch milliseconds; none before what is kept. */
export function startsOf({ sinceMs, untilMs, step }: Period, nowMs: number): number[] {
  const firstMs = Math.max(sinceMs, startOf(nowMs - keptFor(step) * 1000, step));
  const count = Math.max(0, Math.ceil((untilMs - firstMs) / (step * 1000)));
  return Array.from({ length: count }, (_, at) => firstMs + at * step * 1000);
}
