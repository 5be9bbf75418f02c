import { owns, type Principal } from '../../core/access/access.ts';
import { type AuditEntry, isOfTarget } from '../../core/audit/audit.ts';
import { auditDays, auditReadsMax } from '../../core/audit/limits.ts';
import { BusbarError, unknownCursor } from '../../core/kernel/errors.ts';
import { readCursor, writeCursor } from '../../core/list/cursor.ts';
import type { PageQuery } from '../list/page.ts';
import type { AuditTools } from './auditor.ts';

export interface AuditQuery extends PageQuery {
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly application: string | undefined;
  readonly target: string | undefined;
}

/**
 * Entries of the audit, the latest first: all for an admin; for others those in which their application acted, or which
 * are about what it owns. A call reads a bounded part of it, so a page may have fewer entries than asked for while there
 * is a cursor.
 * @throws BusbarError forbidden, invalid_request.
 */
export async function listAudit(
  tools: AuditTools,
  principal: Principal,
  query: AuditQuery,
): Promise<{ entries: AuditEntry[]; cursor?: string }> {
  const { application, target, limit } = query;
  if (application !== undefined && !owns(principal, application)) {
    throw new BusbarError(
      'forbidden',
      `This key sees the audit of ${principal.application} and its children, not that of ${application}. Ask an admin.`,
    );
  }
  const concerning = application ?? (principal.role === 'admin' ? undefined : principal.application);
  const nowMs = tools.clock.now();
  const sinceMs = Math.max(query.sinceMs ?? 0, nowMs - auditDays * 86_400_000);
  const from = new Date(sinceMs).toISOString();
  // The end is not part of it: positions begin with a time and go on behind it.
  const until = new Date(Math.min(query.untilMs ?? Number.POSITIVE_INFINITY, nowMs + 60_000)).toISOString();
  const list = ['audit', concerning ?? '', application ?? '', target ?? ''];
  const cursorOf = (position: string) => writeCursor(list, position);
  let position = positionOf(readCursor(list, query.cursor)) ?? until;
  const entries: AuditEntry[] = [];
  for (let reads = 1; reads <= auditReadsMax; reads++) {
    const page = await tools.audit.before(concerning, position, from, limit + 1);
    for (const placed of page.entries) {
      const { entry } = placed;
      if (application !== undefined && entry.by.application !== application) continue;
      if (target !== undefined && !isOfTarget(entry, target)) continue;
      if (entries.length === limit) return { entries, cursor: cursorOf(position) };
      entries.push(entry);
      position = placed.position;
    }
    if (page.next === undefined) return { entries };
    position = page.next;
  }
  return { entries, cursor: cursorOf(position) };
}

/** A position that a page ended at; undefined at the start. @throws BusbarError invalid_request for a made-up one. */
function positionOf(position: string): string | undefined {
  if (position === '') return undefined;
  const isPosition = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(#[0-9a-f-]{1,20}|~)$/.test(position);
  if (!isPosition || Number.isNaN(Date.parse(position.slice(0, 24)))) throw unknownCursor();
  return position;
}
