import * as z from 'zod';
import { nameSchema } from '../../core/kernel/spec.ts';

/** What the calls about statistics respond with. */
export function statisticsAnswers(time: z.ZodString, count: z.ZodInt) {
  const latency = z.number().min(0).nullable();
  const published = { accepted: count, rejected: count, duplicate: count, bytes: count };
  const received = { delivered: count, failed: count, deadLettered: count, dropped: count };
  return {
    ReceiverStatistics: z.object({
      points: z.array(
        z.object({
          at: time,
          ...received,
          latencyMs: z.object({ p50: latency, p99: latency }),
        }),
      ),
      now: z.object({
        waiting: count,
        oldestSeconds: count,
        inFlight: count,
        deadLetters: count,
        breaker: z.enum(['closed', 'open', 'half-open']),
        paused: z.boolean(),
      }),
    }),
    Overview: z.object({
      points: z.array(
        z.object({
          at: time,
          accepted: count,
          delivered: count,
          failed: count,
          deadLettered: count,
          latencyMs: z.object({ p50: latency, p99: latency }),
        }),
      ),
      receivers: z.array(
        z.object({
          receiver: nameSchema,
          owner: nameSchema,
          state: z.enum(['active', 'disabled', 'paused']),
          stateReason: z.string().optional(),
          breaker: z.enum(['closed', 'open', 'half-open']),
          breakerForced: z.literal(true).optional(),
          breakerSince: time.optional(),
          breakerReason: z.string().optional(),
          backlogHigh: z.literal(true).optional(),
          delivered: count,
          failed: count,
          deadLetteredLately: count,
          now: z
            .object({ waiting: count, oldestSeconds: count, inFlight: count, deadLetters: count })
            .optional(),
          redrive: z.object({ id: z.string(), state: z.enum(['running', 'halted']) }).optional(),
        }),
      ),
      troubled: count,
      holds: z.array(
        z.object({
          topic: nameSchema,
          owner: nameSchema,
          state: z.enum(['holding', 'releasing']),
          by: z.enum(['hand', 'rule']),
          since: time,
          reason: z.string().optional(),
          released: count,
        }),
      ),
      redrives: z.array(
        z.object({
          receiver: nameSchema,
          owner: nameSchema,
          id: z.string(),
          state: z.enum(['collecting', 'canary', 'sending', 'done', 'halted', 'stopped']),
          startedAt: time,
          updatedAt: time,
          total: count,
          sent: count,
          reason: z.string().optional(),
        }),
      ),
      requests: z.object({ toDecide: count, made: count }),
      partial: z.literal(true).optional(),
    }),
    TopicStatistics: z.object({ points: z.array(z.object({ at: time, ...published })) }),
    ApplicationStatistics: z.object({
      points: z.array(z.object({ at: time, ...published, ...received, costDollars: z.number().min(0) })),
    }),
  };
}
