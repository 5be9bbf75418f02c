import type { Principal } from '../../core/access/access.ts';
import {
  type AuditEntry,
  actorOf,
  countRefusal,
  isCounted,
  minuteOf,
  type Refusals,
  refusalsId,
} from '../../core/audit/audit.ts';
import { refusalsTrustedMax } from '../../core/audit/limits.ts';
import type { Tools } from '../../runtime/tools.ts';

export type AuditTools = Tools<'audit'>;

/** A call, as the audit sees it. */
export interface Act {
  /** Undefined when the caller has no key that is known. */
  readonly principal: Principal | undefined;
  readonly call: string;
  readonly target: string;
  readonly requestId: string;
  readonly change?: Readonly<Record<string, unknown>> | undefined;
  /** Who owns what it acts on; asked only when a row is written. */
  readonly owners: () => Promise<readonly string[]>;
}

/** Completes the row of a call. It never throws: what was done is done, and a row without a status is a trace of it. */
export type Complete = (
  status: number,
  made?: { readonly target?: string; readonly change?: Act['change'] },
) => Promise<void>;

export interface Auditor {
  /** Writes the row of a call before it changes anything; the call is refused when that fails. */
  begin(act: Act): Promise<Complete>;
  /** Counts a refusal that changed nothing. It never throws. */
  refused(act: Act, status: number): Promise<void>;
}

/** Writes the audit of one instance of a function. */
export function createAuditor(tools: AuditTools): Auditor {
  let counted = new Map<string, Refusals>();
  /** How many calls of each application were refused in a minute. */
  let refusedIn = { minute: '', byApplication: new Map<string, number>() };

  const entryOf = (act: Act, status: number): AuditEntry => ({
    at: new Date(tools.clock.now()).toISOString(),
    by: actorOf(act.principal),
    call: act.call,
    target: act.target,
    status,
    requestId: act.requestId,
    ...(act.change !== undefined && { change: act.change }),
  });

  function refusalsOf({ at, by }: AuditEntry): number {
    return refusedIn.minute === minuteOf(at) ? (refusedIn.byApplication.get(by.application) ?? 0) : 0;
  }
  function noteRefusal(entry: AuditEntry): void {
    const minute = minuteOf(entry.at);
    if (refusedIn.minute !== minute) refusedIn = { minute, byApplication: new Map() };
    refusedIn.byApplication.set(entry.by.application, refusalsOf(entry) + 1);
  }

  /** Every refusal of an instance that is not yet in the table is in `counted`. */
  async function refused(act: Act, status: number): Promise<void> {
    try {
      // Without a key anybody may name any target, which would be a row for each.
      const isKnown = act.principal !== undefined;
      const { change: _, ...entry } = entryOf(isKnown ? act : { ...act, target: '(any)' }, status);
      noteRefusal(entry);
      const next = countRefusal(counted, entry);
      counted = next.counted;
      for (const left of next.left) await writeCount(left);
      const due = next.due === undefined ? undefined : counted.get(next.due);
      if (next.due === undefined || due === undefined) return;
      const owners = isKnown && due.entry.target === act.target ? await act.owners() : [];
      const known = { ...due, owners };
      if (counted.get(next.due) === due) counted.set(next.due, known);
      await writeCount(known);
    } catch (error) {
      logFailure(act, error);
    }
  }

  async function writeCount(refusals: Refusals): Promise<void> {
    const { entry, owners, count } = refusals;
    const position = `${entry.at}#${refusalsId(refusals)}`;
    await tools.audit.write({ position, entry: count > 1 ? { ...entry, count } : entry }, [
      entry.by.application,
      ...owners,
    ]);
  }

  function logFailure({ call, target, requestId }: Act, error: unknown): void {
    tools.log('error', 'An audit row could not be written', {
      call,
      target,
      requestId,
      reason: String(error),
    });
  }

  return {
    async begin(act) {
      const started = entryOf(act, 0);
      // Whoever is refused again and again would have each of its calls write rows that say so.
      const isTrusted = refusalsOf(started) < refusalsTrustedMax;
      const position = `${started.at}#${tools.random.uuid().slice(0, 13)}`;
      const owners = await act.owners();
      if (isTrusted)
        await tools.audit.write({ position, entry: started }, [started.by.application, ...owners]);
      return async (status, made = {}) => {
        if (isCounted(status)) {
          if (!isTrusted) return await refused(act, status);
          noteRefusal(started);
        }
        try {
          const { target = act.target, change } = made;
          const all = { ...act.change, ...change };
          const entry: AuditEntry = {
            ...started,
            target,
            status,
            ...(Object.keys(all).length > 0 && { change: all }),
          };
          // A change of owner concerns both.
          const later = isCounted(status) ? [] : await act.owners();
          await tools.audit.write({ position, entry }, [started.by.application, ...owners, ...later]);
        } catch (error) {
          logFailure(act, error);
        }
      };
    },

    refused,
  };
}
