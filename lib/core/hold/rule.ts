import * as z from 'zod';
import { releasePerSecondMax, releasePerSecondMin } from './limits.ts';

/** A rule without a line for the release takes this part of the line for the hold. */
const releaseLinePart = 0.5;

/**
 * When a topic is put on hold by itself: when the backlog of its receivers is above one line; below another line it is
 * released. Between the lines it stays as it is, so it does not flap.
 */

const linesSchema = z.strictObject({
  /** How many events wait for one of its receivers. */
  backlogEvents: z.int().min(1).max(100_000_000).optional(),
  /** How long an event has been waiting for its first attempt at one of its receivers. */
  backlogSeconds: z
    .int()
    .min(1)
    .max(14 * 24 * 3600)
    .optional(),
});

export const holdRuleSchema = linesSchema
  .extend({
    /** It is released below all of these lines; half of the lines above when left out. */
    releaseBelow: linesSchema.optional(),
    /** The rate at which the rule releases; as fast as possible when left out. */
    perSecond: z.number().min(releasePerSecondMin).max(releasePerSecondMax).optional(),
  })
  .superRefine(({ releaseBelow = {}, ...lines }, context) => {
    if (lines.backlogEvents === undefined && lines.backlogSeconds === undefined) {
      context.addIssue({ code: 'custom', message: 'needs backlogEvents, backlogSeconds, or both' });
    }
    for (const name of lineNames) {
      const below = releaseBelow[name];
      if (below === undefined) continue;
      const above = lines[name];
      const message =
        above === undefined
          ? `has no matching line for the hold. Set holdWhen.${name} as well`
          : `must be below the ${name} at which the topic is put on hold, ${above}`;
      if (above === undefined || below >= above) {
        context.addIssue({ code: 'custom', message, path: ['releaseBelow', name] });
      }
    }
  });

export type HoldRule = z.infer<typeof holdRuleSchema>;

const lineNames = ['backlogEvents', 'backlogSeconds'] as const;

/** What waits for one receiver. */
export interface Backlog {
  readonly receiver: string;
  readonly backlogEvents: number;
  /** How long the oldest of the sampled events has been waiting; 0 when it was not measured. */
  readonly backlogSeconds: number;
}

/** What a rule makes of the backlogs: hold and why, release, or leave the topic as it is. */
export type RuleVerdict =
  | { readonly kind: 'hold'; readonly reason: string }
  | { readonly kind: 'release' }
  | { readonly kind: 'leave' };

export function judgeRule(rule: HoldRule, backlogs: readonly Backlog[]): RuleVerdict {
  for (const name of lineNames) {
    const line = rule[name];
    const worst = backlogs.reduce<Backlog | undefined>(
      (most, one) => (most === undefined || one[name] > most[name] ? one : most),
      undefined,
    );
    if (line === undefined || worst === undefined || worst[name] < line) continue;
    const reason =
      name === 'backlogEvents'
        ? `${worst.backlogEvents} events wait for ${worst.receiver}; the rule holds from ${line}.`
        : `An event has waited for ${worst.receiver} for ${Math.floor(worst.backlogSeconds)} s; the rule holds from ${line} s.`;
    return { kind: 'hold', reason };
  }
  const isCalm = lineNames.every((name) => {
    const line = rule[name];
    if (line === undefined) return true;
    const below = rule.releaseBelow?.[name] ?? line * releaseLinePart;
    return backlogs.every((backlog) => backlog[name] < below);
  });
  return isCalm ? { kind: 'release' } : { kind: 'leave' };
}
