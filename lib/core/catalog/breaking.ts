import type { FieldError } from '../kernel/errors.ts';

/** What a changed schema would do to the latest events of a topic. */
export interface Breaking {
  /** How many events were looked at. */
  readonly events: number;
  /** How many of them the schema as it is accepts and the new one would refuse. */
  readonly refused: number;
  /** Some of these, the latest first. */
  readonly samples: readonly BrokenEvent[];
}

export interface BrokenEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** When it was published. RFC 3339. */
  readonly publishedAt: string;
  /** What the new schema has against it. */
  readonly errors: readonly FieldError[];
}

/** How many events a refusal shows, and how many errors of each. */
const samplesMax = 10;
const errorsMax = 5;

/** @param refused every event that would be refused, the latest first. */
export const breakingOf = (events: number, refused: readonly BrokenEvent[]): Breaking => ({
  events,
  refused: refused.length,
  samples: refused
    .slice(0, samplesMax)
    .map(({ errors, ...event }) => ({ ...event, errors: errors.slice(0, errorsMax) })),
});
