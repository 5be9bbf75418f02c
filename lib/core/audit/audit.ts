import { createHash } from 'node:crypto';
import type { Principal } from '../access/access.ts';
import { changeCharactersMax, refusalsCountedMax, targetCharactersMax } from './limits.ts';

/** Who acted. Names in parentheses are not of applications: no key was known, or IAM let the caller in. */
export interface Actor {
  readonly application: string;
  readonly keyId: string;
  readonly role: Principal['role'] | 'none';
}

/** A row of the audit. */
export interface AuditEntry {
  /** RFC 3339, in UTC with milliseconds. */
  readonly at: string;
  readonly by: Actor;
  /** Such as `PUT /v1/topics/{topic}`. */
  readonly call: string;
  /** What it acted on: its path without `/v1/`, such as `topics/orders`. */
  readonly target: string;
  /** The status of the response; 0 when the bus has not finished the call, or stopped while it did. */
  readonly status: number;
  readonly requestId: string;
  /** What was asked for, without what may be secret. */
  readonly change?: Readonly<Record<string, unknown>>;
  /** How many refusals of a minute the row stands for. */
  readonly count?: number;
}

export const actorOf = (principal: Principal | undefined): Actor =>
  principal === undefined
    ? { application: '(unknown)', keyId: '', role: 'none' }
    : { application: principal.application, keyId: principal.keyId ?? '', role: principal.role };

/** `PUT /v1/topics/{topic}` of the topic orders acts on `topics/orders`. */
export function targetOf(path: string, names: Readonly<Record<string, string>>): string {
  const target = path.replace(/^\/v1\//, '').replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '');
  return target.slice(0, targetCharactersMax);
}

/** Whether an entry is of a target: the same one, a part of it, or one that has this name in it. */
export const isOfTarget = (entry: AuditEntry, target: string): boolean =>
  entry.target === target ||
  entry.target.startsWith(`${target}/`) ||
  (!target.includes('/') && entry.target.split('/').includes(target));

/**
 * The fields whose values a change may show: settings that are neither secret nor data. Whatever is not in here shows
 * that it was given, and no more, so that a field of a later release is hidden until someone decides.
 */
const shown = new Set(
  `access after archive batch before breaker by cancellable cause contacts createdAt cron dedupSeconds deliverAt
  delaySeconds description endedSubscriptions everySeconds expiresAt filter format holdWhen ids keyId kind labels limits misfire name note
  ordered overlapSeconds owner parent perSecond quotas reason receiver retry role scopes state subscribe timeoutSeconds
  timezone topic trace validate`.split(/\s+/),
);

/** What an audit row says of the body of a request, or of what a call made. */
export function changeOf(body: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const entries = Object.entries(body).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return undefined;
  const fields = entries.map(
    ([name, value]) => [name, shown.has(name) ? withoutUrls(value) : '(set)'] as const,
  );
  const change = Object.fromEntries(fields);
  return JSON.stringify(change).length <= changeCharactersMax
    ? change
    : { fields: entries.map(([name]) => name).slice(0, 50) };
}

/** A URL may have a token in it: its origin is what matters. */
function withoutUrls(value: unknown): unknown {
  if (typeof value === 'string') {
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && URL.canParse(value) ? new URL(value).origin : value;
  }
  if (Array.isArray(value)) return value.map(withoutUrls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutUrls(each)]));
}

/** What a caller can repeat as often as it likes is counted, and not written each time. */
export const isCounted = (status: number): boolean => status === 401 || status === 403 || status === 429;

/** The refusals of one kind that an instance has counted in a minute. */
export interface Refusals {
  /** The first of them. */
  readonly entry: AuditEntry;
  /** Who owns what they were about. */
  readonly owners: readonly string[];
  readonly count: number;
  /** How many of them the table knows of. */
  readonly written: number;
}

/** By their kind: who was refused what, how. */
export type Counted = ReadonlyMap<string, Refusals>;

export const minuteOf = (at: string) => at.slice(0, 16);

/** Rows are written for the 1st, 2nd, 4th, 8th … refusal of a kind: a few writes, however many there are. */
const isDue = (count: number) => (count & (count - 1)) === 0;

/**
 * Counts a refusal.
 * @returns the counts from now on; the kind of this refusal if its row is to be written now; and what earlier minutes
 * have left to write.
 */
export function countRefusal(
  counted: Counted,
  entry: AuditEntry,
): { counted: Map<string, Refusals>; due: string | undefined; left: Refusals[] } {
  const isNow = (each: Refusals) => minuteOf(each.entry.at) === minuteOf(entry.at);
  const now = new Map([...counted].filter(([, each]) => isNow(each)));
  const left = [...counted.values()].filter((each) => !isNow(each) && each.written < each.count);
  // Whoever thinks of ever more targets gets one row for all that are too many.
  const isTooMany = !now.has(kindOf(entry)) && now.size >= refusalsCountedMax;
  const own = isTooMany ? { ...entry, target: '(others)' } : entry;
  const kind = kindOf(own);
  const before = now.get(kind) ?? { entry: own, owners: [], count: 0, written: 0 };
  const count = before.count + 1;
  now.set(kind, { ...before, count, written: isDue(count) ? count : before.written });
  return { counted: now, due: isDue(count) ? kind : undefined, left };
}

const kindOf = ({ by, call, target, status }: AuditEntry) =>
  JSON.stringify([by.application, call, target, status]);

/** The end of the sort key of counted refusals: the same for each write of them. */
export const refusalsId = ({ entry }: Refusals): string =>
  createHash('sha256')
    .update(`${kindOf(entry)}${entry.requestId}`)
    .digest('hex')
    .slice(0, 16);
