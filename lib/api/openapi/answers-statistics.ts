import * as z from 'zod';

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
    TopicStatistics: z.object({ points: z.array(z.object({ at: time, ...published })) }),
    ApplicationStatistics: z.object({
      points: z.array(z.object({ at: time, ...published, ...received, costDollars: z.number().min(0) })),
    }),
  };
}
