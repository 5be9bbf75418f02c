import * as z from 'zod';

/** How much an application may have and use. What a quota leaves out has its default. */
export const quotasSchema = z.strictObject({
  topics: z.int().min(0).max(100_000).optional(),
  receivers: z.int().min(0).max(100_000).optional(),
  schedules: z.int().min(0).max(100_000).optional(),
  keys: z.int().min(0).max(10_000).optional(),
  publishPerSecond: z.int().min(0).max(1_000_000).optional(),
  concurrency: z.int().min(0).max(100_000).optional(),
  delayedEvents: z.int().min(0).max(1_000_000_000).optional(),
  storedBytes: z.int().min(0).max(1_000_000_000_000_000).optional(),
});
export type Quotas = z.output<typeof quotasSchema>;
export type QuotaName = keyof Quotas;
