import type { Clock } from '../clock.ts';

/** What was read lately, by name; a reader that does not mind a few seconds asks here. */
export interface Recent {
  /**
   * What was loaded under this name less than `seconds` ago, or what `load` brings; those who ask meanwhile share it.
   * @param seconds may depend on what was found.
   */
  get<Found>(
    name: string,
    load: () => Promise<Found>,
    seconds: number | ((found: Found) => number),
  ): Promise<Found>;
  forget(name: string): void;
}

/** For how long a list is remembered that is read whole: the more it costs, the longer. Seconds. */
export const secondsToRemember = (rows: number): number => Math.min(60, Math.max(4, rows / 200));

/** Most names that are remembered; tenants choose some of them. */
const namesMax = 5000;

/**
 * A failed load is never remembered. Unless `remembersAbsence`, neither is `undefined`: what is made now is found at once.
 * @param part asked for each load: for which part of the seconds it is remembered, at most 1.
 */
export function createRecent(
  clock: Clock,
  { remembersAbsence = false, part = (): number => 1 } = {},
): Recent {
  const kept = new Map<string, { untilMs: number; readonly found: Promise<unknown> }>();
  return {
    get<Found>(
      name: string,
      load: () => Promise<Found>,
      seconds: number | ((found: Found) => number),
    ): Promise<Found> {
      const known = kept.get(name);
      if (known !== undefined && known.untilMs > clock.now()) return known.found as Promise<Found>;
      if (kept.size >= namesMax) kept.clear();
      const nowMs = clock.now();
      const found = load();
      const entry = { untilMs: Number.POSITIVE_INFINITY, found };
      if (typeof seconds === 'number') entry.untilMs = nowMs + seconds * part() * 1000;
      kept.set(name, entry);
      const drop = () => kept.get(name) === entry && kept.delete(name);
      found.then((value) => {
        if (value === undefined && !remembersAbsence) drop();
        else if (typeof seconds !== 'number') entry.untilMs = nowMs + seconds(value) * part() * 1000;
      }, drop);
      return found;
    },
    forget: (name) => void kept.delete(name),
  };
}
