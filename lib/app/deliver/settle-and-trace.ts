import { type TraceTools, traceBatch } from '../why/trace.ts';
import type { Decision } from './decision.ts';
import { type Batch, type SettleTools, settle } from './settle.ts';

/** Carries the decisions out, and traces the attempts among them meanwhile. Answers what must stay in the queue. */
export async function settleAndTrace(
  tools: SettleTools & TraceTools,
  batch: Batch,
  decisions: readonly Decision[],
): Promise<string[]> {
  const traced = decisions.flatMap((decision) => (decision.traced === undefined ? [] : [decision.traced]));
  const [kept] = await Promise.all([
    settle(tools, batch, decisions),
    traceBatch(tools, batch.receiver, batch.role, traced),
  ]);
  return kept;
}
