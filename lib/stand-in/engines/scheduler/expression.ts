import type { EpochMs } from '../engine.ts';
import { parseCron } from './cron.ts';
import { invalid } from './errors.ts';
import { schedulerLimits } from './limits.ts';
import { type TimeZone, timeZone } from './time-zone.ts';

/** The occurrences of a schedule. */
export interface Recurrence {
  readonly once: boolean;
  /** The first occurrence at or after an instant. A rate counts from `anchorMs`. */
  next(fromMs: EpochMs, anchorMs: EpochMs): EpochMs | undefined;
}

/** Parses `at(…)`, `rate(…)` or `cron(…)`. Throws `ValidationException`. */
export function parseExpression(expression: string, zoneName: string): Recurrence {
  const zone = timeZone(zoneName);
  if (zone === undefined) throw invalid(`Invalid Schedule Expression Timezone ${zoneName}.`);
  const [, kind, inner] = /^(at|rate|cron)\(([^()]*)\)$/.exec(expression) ?? [];
  if (kind === undefined || inner === undefined || expression.length > schedulerLimits.expressionChars) {
    throw invalid(`Invalid Schedule Expression ${expression}.`);
  }
  if (kind === 'at') return at(inner, zone);
  if (kind === 'rate') return rate(inner);
  const cron = parseCron(inner);
  // The evaluator looks strictly after an instant; occurrences are at whole minutes.
  return { once: false, next: (fromMs) => cron.next(fromMs - 1, zone) };
}

function at(inner: string, zone: TimeZone): Recurrence {
  const match = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(inner);
  const wallMs = match ? Date.parse(`${inner}Z`) : Number.NaN;
  if (Number.isNaN(wallMs) || new Date(wallMs).toISOString().slice(0, 19) !== inner) {
    throw invalid(`Invalid Schedule Expression at(${inner}).`);
  }
  const instantMs = zone.toInstant(wallMs) ?? afterGap(wallMs, zone);
  return { once: true, next: (fromMs) => (instantMs >= fromMs ? instantMs : undefined) };
}

/**
 * A one-time schedule in a gap must not be lost, and the guide does not say what happens: it moves by the length of
 * the gap, as in `java.time` and `Temporal`. 02:30 in a gap from 02:00 to 03:00 becomes 03:30.
 */
function afterGap(wallMs: EpochMs, zone: TimeZone): EpochMs {
  const beforeMs = wallMs - 86_400_000;
  return wallMs - (zone.toWall(beforeMs) - beforeMs);
}

const unitMs: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** A rate counts elapsed time: a day is 24 hours, even when the clocks change (guide, "Daylight savings time"). */
function rate(inner: string): Recurrence {
  const [, count = '', unit = ''] = /^(\d+) (minute|hour|day)s?$/.exec(inner) ?? [];
  const periodMs = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (!(periodMs > 0) || !Number.isSafeInteger(periodMs)) {
    throw invalid(`Invalid Schedule Expression rate(${inner}).`);
  }
  return {
    once: false,
    next: (fromMs, anchorMs) => anchorMs + Math.max(0, Math.ceil((fromMs - anchorMs) / periodMs)) * periodMs,
  };
}
