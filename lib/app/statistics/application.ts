import type { Principal } from '../../core/access/access.ts';
import { usageBill } from '../../core/bill/usage.ts';
import { invalidField } from '../../core/kernel/errors.ts';
import { monthOf, monthsBetween } from '../../core/statistics/steps.ts';
import type { Tools } from '../../runtime/tools.ts';
import { requireApplication, requireManaged } from '../access/applications.ts';

/** What an application published and received in a month. */
export interface ApplicationPoint {
  /** When the month begins. RFC 3339. */
  readonly at: string;
  /** Events that it published. */
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly bytes: number;
  /** What became of the deliveries of its receivers. */
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
  readonly dropped: number;
  /** An estimate of what AWS charges for that, US dollars. */
  readonly costDollars: number;
}

const monthsMax = 36;

/**
 * By month, the first one that is asked for first; the last twelve when nothing is said. An application that was made
 * anew shows nothing from before.
 * @throws BusbarError unknown_application, forbidden, invalid_request.
 */
export async function applicationStatistics(
  tools: Tools<'statistics' | 'applications'>,
  principal: Principal,
  name: string,
  { since, until }: { readonly since?: number | undefined; readonly until?: number | undefined },
): Promise<{ points: ApplicationPoint[] }> {
  requireManaged(principal, name);
  const { createdAt } = await requireApplication(tools, name);
  const untilMs = until ?? tools.clock.now() + 1;
  const sinceMs = since ?? beginsBefore(untilMs - 1, 11);
  if (sinceMs >= untilMs) throw invalidField('since', 'is not before until');
  const months = monthsOf(sinceMs, untilMs);
  if (months.length > monthsMax) {
    throw invalidField(
      'since',
      `asks for more than ${monthsMax} months, and one call returns no more. Ask for less`,
    );
  }
  const thing = { kind: 'application', name } as const;
  const rows = await tools.statistics.read(thing, ...monthsBetween(sinceMs, untilMs));
  const counts = new Map(rows.map((row) => [row.sk.slice('month#'.length), row.counts]));
  return {
    points: months
      .filter((month) => month >= monthOf(Date.parse(createdAt)))
      .map((month) => pointOf(month, counts.get(month) ?? {})),
  };
}

function pointOf(month: string, counts: Readonly<Record<string, number>>): ApplicationPoint {
  const {
    accepted = 0,
    rejected = 0,
    duplicate = 0,
    bytes = 0,
    delivered = 0,
    failed = 0,
    deadLettered = 0,
    dropped = 0,
  } = counts;
  const { requests = 0, publishMs = 0, batches = 0, deliverMs = 0 } = counts;
  const used = { accepted, bytes, delivered, failed, deadLettered };
  const { dollars } = usageBill({ ...used, requests, publishMs, batches, deliverMs });
  // To a millionth of a dollar.
  const costDollars = Math.round(dollars * 1e6) / 1e6;
  return { at: `${month}-01T00:00:00.000Z`, rejected, duplicate, ...used, dropped, costDollars };
}

/** The start of the month that is so many months before that of a time. */
function beginsBefore(ms: number, months: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months);
}

/** The months of a period, such as `2026-01`; one more than the most that are shown at most. */
function monthsOf(sinceMs: number, untilMs: number): string[] {
  const months: string[] = [];
  for (
    let ms = beginsBefore(sinceMs, 0);
    ms < untilMs && months.length <= monthsMax;
    ms = beginsBefore(ms, -1)
  ) {
    months.push(monthOf(ms));
  }
  return months;
}
