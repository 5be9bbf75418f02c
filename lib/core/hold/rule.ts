import * as z from 'zod';
import { releasePerSecondMax, releasePerSecondMin } from './limits.ts';

/** A rule without a line for the release takes this part of the line for the hold. */
const releaseLinePart = 0.5;

/**
 * When a topic gives way by itself: above a line of what waits for its receivers it is put on hold, below another line
 * it is released. Between the lines it stays as it is, so that it does not flap.
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
    /** Below all of these lines it is released; half of the lines above when left out. */
    releaseBelow: linesSchema.optional(),
    /** At which rate the rule releases; as fast as the bus takes when left out. */
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
          ? `is a line for the release without one for the hold. Set holdWhen.${name} as well`
          : `must be below the ${name} at which the topic is held, ${above}`;
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
  /** How long the oldest that was looked at has been waiting; 0 when it was not asked for. */
  readonly backlogSeconds: number;
}

/** What a rule says of the backlogs: hold and why, release, or leave the topic as it is. */
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
        ? `${worst.backlogEvents} events wait for ${worst.receiver}; the rule holds from ${line} on.`
        : `An event waits for ${worst.receiver} since ${Math.floor(worst.backlogSeconds)} s; the rule holds from ${line} s on.`;
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
