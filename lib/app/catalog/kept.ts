import type { DryRun } from '../../core/catalog/dry-run.ts';
import { dryRun } from '../../core/catalog/dry-run.ts';
import type { TraceMode } from '../../core/event/trace-mode.ts';
import type { Filter } from '../../core/filter/filter.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { RoutableEvent } from '../../core/routing/routing.ts';
import type { Tools } from '../../runtime/tools.ts';
import { bestEffort } from '../why/trace.ts';

/** Keeps some of a topic's events for trying out filters, unless nothing may be recorded of them. */
export async function keepSome(
  tools: Tools<'kept'>,
  mode: TraceMode,
  topic: Topic | undefined,
  taken: readonly { readonly event: RoutableEvent }[],
): Promise<void> {
  if (topic === undefined || mode === 'none' || taken.length === 0) return;
  const events = taken.map(({ event: { type, source, subject, body } }) => ({ type, source, subject, body }));
  const write = tools.kept.keep(topic, events);
  if (write !== undefined) await bestEffort(tools, write);
}

/** Runs a filter over the latest kept events of a topic, as far as they are of this time. */
export async function tryFilter(
  tools: Tools<'kept'>,
  topic: Topic,
  filter: Filter | undefined,
  {
    sinceMs = 0,
    untilMs = Number.POSITIVE_INFINITY,
  }: { sinceMs?: number | undefined; untilMs?: number | undefined } = {},
): Promise<DryRun> {
  const events = await tools.kept.latest(topic);
  const within = events.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs);
  return dryRun(topic.topic, filter, within);
}
