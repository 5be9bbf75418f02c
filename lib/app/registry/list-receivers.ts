import { owns, type Principal, scopeName } from '../../core/access/access.ts';
import { showReceiver } from '../../core/registry/kinds.ts';
import type { Parts } from '../../runtime/tools.ts';
import { type NamedPageQuery, pageOf, prefixPart } from '../list/page.ts';
import type { AdminTools } from './admin.ts';

type Shown = ReturnType<typeof showReceiver>;

export interface ReceiversQuery extends NamedPageQuery {
  /** Only those to which nothing is delivered, because they are paused or disabled. */
  readonly state?: 'paused' | 'disabled' | undefined;
}

/** A member sees only its own receivers. Those that are stopped are found by the rows that say so, by their owners. */
export async function listReceivers(
  tools: Pick<AdminTools, 'registry' | 'sinks' | 'clock'> & Parts<'attention'>,
  principal: Principal,
  query: ReceiversQuery,
): Promise<{ receivers: Shown[]; cursor?: string }> {
  const nowMs = tools.clock.now();
  const { prefix, state } = query;
  if (state !== undefined) return await listStopped(tools, principal, query);
  const { items: receivers, ...rest } = await pageOf(
    ['receivers', scopeName(principal), ...prefixPart(prefix)],
    query,
    (after, limit) => tools.registry.receiversAfter(after, limit, prefix),
    (receiver) => (owns(principal, receiver.owner) ? showReceiver(tools.sinks, receiver, nowMs) : undefined),
  );
  return { receivers, ...rest };
}

async function listStopped(
  tools: Pick<AdminTools, 'registry' | 'sinks' | 'clock'> & Parts<'attention'>,
  principal: Principal,
  query: ReceiversQuery,
): Promise<{ receivers: Shown[]; cursor?: string }> {
  const { prefix = '', state = '' } = query;
  const { role, application, children = [] } = principal;
  // Who owns for one application alone reads only that one's rows.
  const owner = role === 'admin' || (role === 'member' && children.length > 0) ? undefined : application;
  const { items: receivers, ...rest } = await pageOf(
    ['receivers', scopeName(principal), `state ${state}`, ...prefixPart(query.prefix)],
    query,
    async (after, limit) => {
      const { items, last } = await tools.attention.page('stopped', after, limit, owner);
      const own = items.filter(({ item }) => owns(principal, item.owner) && item.name.startsWith(prefix));
      const known = await tools.registry.receiversNamed(own.map(({ item }) => item.name));
      return { items: items.map(({ key, item }) => ({ key, item: known.get(item.name) })), last };
    },
    (receiver) =>
      receiver?.state === state && owns(principal, receiver.owner)
        ? showReceiver(tools.sinks, receiver, tools.clock.now())
        : undefined,
  );
  return { receivers, ...rest };
}
