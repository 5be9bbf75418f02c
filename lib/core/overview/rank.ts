import type { Attention } from './attention.ts';

/** What speaks for a look at a receiver. */
export interface Signs {
  readonly owner: string;
  readonly receiver: string;
  /** Attempts and deliveries of the last ten to fifteen minutes. */
  readonly failed: number;
  readonly deadLettered: number;
  readonly breaker?: Attention['breaker'];
  readonly stopped?: Attention['stopped'];
  readonly redrive?: Attention['redrive'];
  readonly isBacklogHigh?: true;
}

/** How bad it is: what loses or stops events first, then what slows them down, then what somebody wants so. */
function badness({ breaker, stopped, failed, deadLettered, isBacklogHigh, redrive }: Signs): number {
  if (stopped?.state === 'disabled') return 6;
  if (breaker?.kind === 'open') return 5;
  if (deadLettered > 0) return 4;
  if (isBacklogHigh === true || redrive?.state === 'halted') return 3;
  if (failed > 0 || breaker?.kind === 'half-open') return 2;
  return 1;
}

/** The receivers, the worst first; those that are equally bad by how much fails, and by their names. */
export function worstFirst(all: Iterable<Signs>): Signs[] {
  return [...all]
    .map((signs) => ({ signs, bad: badness(signs) }))
    .sort(
      (one, other) =>
        other.bad - one.bad ||
        other.signs.deadLettered - one.signs.deadLettered ||
        other.signs.failed - one.signs.failed ||
        compare(one.signs.receiver, other.signs.receiver),
    )
    .map(({ signs }) => signs);
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

/** Signs of one receiver that come from several sources, put together. */
export class SignsByReceiver {
  private readonly byName = new Map<string, Signs>();

  add(owner: string, receiver: string, more: Partial<Omit<Signs, 'owner' | 'receiver'>>): void {
    const key = `${owner}#${receiver}`;
    const before = this.byName.get(key) ?? { owner, receiver, failed: 0, deadLettered: 0 };
    this.byName.set(key, { ...before, ...more });
  }

  all(): Iterable<Signs> {
    return this.byName.values();
  }
}
