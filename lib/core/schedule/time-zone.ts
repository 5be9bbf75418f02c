/** A local time, written as if it were UTC: milliseconds since 1970-01-01T00:00 local time. */
export type WallMs = number;

/** A zone of the IANA time zone database. */
export interface TimeZone {
  toWall(instantMs: number): WallMs;
  /** The instant of a local time; undefined in the spring gap, the first of the two in the autumn overlap. */
  toInstant(wallMs: WallMs): number | undefined;
}

const dayMs = 86_400_000;
const utc: TimeZone = { toWall: (instantMs) => instantMs, toInstant: (wallMs) => wallMs };
/** By their names in lower case, as names do not differ by it: there are at most as many as the database has. */
const known = new Map<string, TimeZone>([['utc', utc]]);

/** The longest name of the database has 32. */
export const timeZoneCharactersMax = 64;

/**
 * The zone with a name such as `Europe/Berlin`; undefined when there is none. Offsets such as `+02:00` are not zones.
 */
export function timeZone(name: string): TimeZone | undefined {
  if (name.length > timeZoneCharactersMax || !/^[A-Za-z]/.test(name)) return undefined;
  const key = name.toLowerCase();
  const zone = known.get(key) ?? makeZone(name);
  if (zone !== undefined) known.set(key, zone);
  return zone;
}

function makeZone(name: string): TimeZone | undefined {
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
  const toWall = (instantMs: number): WallMs => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((instantMs % 1000) + 1000) % 1000);
  };
  return {
    toWall,
    toInstant(wallMs) {
      // The offset is the one of a day before or a day after: no zone changes twice within two days.
      const instants = [wallMs - dayMs, wallMs + dayMs]
        .map((nearMs) => wallMs - (toWall(nearMs) - nearMs))
        .filter((instantMs) => toWall(instantMs) === wallMs);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
  };
}
