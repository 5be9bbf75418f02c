import type { EpochMs } from '../engine.ts';

/** A local time, written as if it were UTC: milliseconds since 1970-01-01T00:00 on the wall clock. */
type WallMs = number;

export interface TimeZone {
  toWall(instantMs: EpochMs): WallMs;
  /** The instant of a local time; undefined in a gap, and the first of two in an overlap. */
  toInstant(wallMs: WallMs): EpochMs | undefined;
}

const dayMs = 86_400_000;
const zones = new Map<string, TimeZone>();

/** A zone of the IANA database; undefined when there is none of that name. */
export function timeZone(name: string): TimeZone | undefined {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const made = name === 'UTC' ? utc : intlZone(name);
  if (made !== undefined) zones.set(name, made);
  return made;
}

const utc: TimeZone = { toWall: (instantMs) => instantMs, toInstant: (wallMs) => wallMs };

function intlZone(name: string): TimeZone | undefined {
  // Offsets such as `+02:00` are names to Intl, but not to Scheduler.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }

  function toWall(instantMs: EpochMs): WallMs {
    const field: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) field[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    const subSecondMs = ((instantMs % 1000) + 1000) % 1000;
    return Date.UTC(year, month - 1, day, hour, minute, second) + subSecondMs;
  }

  return {
    toWall,
    toInstant(wallMs) {
      // The offset is that of a day before or a day after, since no zone changes twice within two days.
      const offsets = [wallMs - dayMs, wallMs + dayMs].map((nearMs) => toWall(nearMs) - nearMs);
      const instants = offsets
        .map((offsetMs) => wallMs - offsetMs)
        .filter((instantMs) => toWall(instantMs) === wallMs);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
  };
}
