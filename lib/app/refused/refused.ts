import { type Principal, scopeName } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Refused } from '../../core/refused/refused.ts';
import { outboxPrefix } from '../../core/relay/outbox.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';

export type RefusedTools = Tools<'refused' | 'outbox'>;

/** Lists what the bus took over and could not publish: a member sees its own, an admin everything. */
export async function listRefused(
  tools: RefusedTools,
  principal: Principal,
  query: PageQuery,
): Promise<{ refused: Refused[]; cursor?: string }> {
  const { items: refused, ...rest } = await pageOf(
    ['refused', scopeName(principal)],
    query,
    (after, limit) => tools.refused.page(scopeOf(principal), after, limit),
    (one) => one,
  );
  return { refused, ...rest };
}

/** One refused entry with its event, verbatim. */
export async function getRefused(
  tools: RefusedTools,
  principal: Principal,
  id: string,
): Promise<Refused & { event: string }> {
  const { refused, event } = await find(tools, principal, id);
  return { ...refused, event };
}

/**
 * Publishes it once more, after its cause was fixed; it is listed again if it fails again.
 * @throws BusbarError unknown_refused; event_too_large when only its beginning is kept.
 */
export async function retryRefused(
  tools: RefusedTools,
  principal: Principal,
  id: string,
): Promise<{ id: string; state: 'retrying' }> {
  const { refused, event } = await find(tools, principal, id);
  if (refused.retryable === false) {
    throw new BusbarError(
      'event_too_large',
      `Only the beginning of ${id} is kept, because it is larger than any event. Have its producer write a smaller one, and delete this entry with DELETE /v1/refused/${id}.`,
    );
  }
  const { application, topic, receiver, key = '~retry' } = refused;
  await tools.outbox.put({
    pk: `${outboxPrefix(application)}${key}`,
    // A second retry of the same entry replaces the first.
    sk: `retry#${id}`,
    topic,
    receiver,
    event,
    atMs: tools.clock.now(),
  });
  // In this order the entry may be in both places, but never in neither.
  await tools.refused.delete(application, id);
  return { id, state: 'retrying' };
}

export async function deleteRefused(tools: RefusedTools, principal: Principal, id: string): Promise<void> {
  const { refused } = await find(tools, principal, id);
  await tools.refused.delete(refused.application, id);
}

const scopeOf = ({ role, application }: Principal) => (role === 'admin' ? undefined : application);

async function find(tools: RefusedTools, principal: Principal, id: string) {
  const found = await tools.refused.find(scopeOf(principal), id);
  if (found !== undefined) return found;
  throw new BusbarError(
    'unknown_refused',
    `No refused entry has the id ${JSON.stringify(id)}. GET /v1/refused lists the entries.`,
  );
}
