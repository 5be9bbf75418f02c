import { deliver } from './deliver.ts';
import { type ProbeTools, probe } from './probe.ts';
import type { RocketMqSenderTools } from './rocketmq-sender.ts';
import type { Batch } from './settle.ts';

export type DeliverRocketMqTools = ProbeTools & { readonly toRocketMq: RocketMqSenderTools };

/** What the function is called for that speaks to RocketMQ: by a mapping, or by the schedule of an open breaker. */
export type RocketMqWork = { readonly batch: Batch } | { readonly probe: string };

/**
 * Delivers to receivers that are topics of RocketMQ, and probes them. Answers the ids of the messages that must stay in
 * the queue.
 */
export async function deliverRocketMq(tools: DeliverRocketMqTools, work: RocketMqWork): Promise<string[]> {
  if ('batch' in work) return await deliver(tools, work.batch);
  await probe(tools, work.probe);
  return [];
}
