import type { Clock } from '../clock.ts';

/** What was read lately, by name; a reader that does not mind a few seconds asks here. */
export interface Recent {
  /** What was loaded under this name less than `seconds` ago, or what `load` brings; those who ask meanwhile share it. */
  get<Found>(name: string, load: () => Promise<Found>, seconds: number): Promise<Found>;
  forget(name: string): void;
}

/** Most names that are remembered; tenants choose some of them. */
const namesMax = 5000;

/** A failed load is never remembered. Unless `remembersAbsence`, neither is `undefined`: what is made now is found at once. */
export function createRecent(clock: Clock, { remembersAbsence = false } = {}): Recent {
  const kept = new Map<string, { untilMs: number; found: Promise<unknown> }>();
  return {
    get<Found>(name: string, load: () => Promise<Found>, seconds: number): Promise<Found> {
      const known = kept.get(name);
      if (known !== undefined && known.untilMs > clock.now()) return known.found as Promise<Found>;
      if (kept.size >= namesMax) kept.clear();
      const found = load();
      kept.set(name, { untilMs: clock.now() + seconds * 1000, found });
      const drop = () => kept.get(name)?.found === found && kept.delete(name);
      found.then((value) => value === undefined && !remembersAbsence && drop(), drop);
      return found;
    },
    forget: (name) => void kept.delete(name),
  };
}
