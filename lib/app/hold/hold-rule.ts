import { deliveryIdOf } from '../../core/deliver/delivery.ts';
import { isOpen } from '../../core/hold/hold.ts';
import { type Backlog, type HoldRule, judgeRule } from '../../core/hold/rule.ts';
import type { Lane } from '../../core/kernel/place.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import type { Waiting } from '../../runtime/aws/backlogs.ts';
import type { Tools } from '../../runtime/tools.ts';
import { applyHold } from './apply-hold.ts';
import { begin, type ChangeHoldTools } from './hold.ts';

export type HoldRuleTools = ChangeHoldTools & Tools<'queues' | 'backlogs' | 'deliveries'>;

/**
 * The lanes where a topic's events wait, which it shares with other topics; an ordered topic has one more before them.
 */
const lanesOf = (topic: Topic): readonly Lane[] =>
  orderAttribute(topic) === undefined ? ['online', 'offline'] : ['ordered', 'online', 'offline'];

/** Does what the rule of a topic asks for. If a backlog cannot be measured, the topic stays as it is. */
export async function followRule(tools: HoldRuleTools, topic: string): Promise<void> {
  const document = await tools.registry.topic(topic);
  const rule = document?.holdWhen;
  const hold = await tools.holds.find(topic);
  if (document === undefined || rule === undefined) {
    // The rule was removed while it held the topic: nothing else would release it.
    if (isOpen(hold) && hold.by === 'rule') await applyHold(tools, topic, { kind: 'release', by: 'rule' });
    return;
  }
  const isHeld = hold?.state === 'holding';
  // The rule does not apply to a topic that is on hold by hand.
  if (isHeld && hold.by === 'hand') return;
  const subscriptions = await tools.registry.subscriptions(topic);
  const backlogs = await Promise.all(
    subscriptions.map(({ receiver }) => measure(tools, receiver, lanesOf(document), rule)),
  );
  const verdict = judgeRule(rule, backlogs);
  if (verdict.kind === 'hold' && !isHeld) await begin(tools, topic, { by: 'rule', reason: verdict.reason });
  if (verdict.kind === 'release' && isHeld) {
    const { perSecond } = rule;
    await applyHold(tools, topic, {
      kind: 'release',
      by: 'rule',
      ...(perSecond !== undefined && { perSecond }),
    });
  }
}

/** What waits for a receiver in its lanes, whatever its topic. */
async function measure(
  tools: HoldRuleTools,
  receiver: string,
  lanes: readonly Lane[],
  rule: HoldRule,
): Promise<Backlog> {
  const counts = await Promise.all(lanes.map((role) => tools.queues.count({ receiver, role })));
  const backlogEvents = counts.reduce((sum, { ready }) => sum + ready, 0);
  const asksForAge = rule.backlogSeconds !== undefined || rule.releaseBelow?.backlogSeconds !== undefined;
  const backlogSeconds = asksForAge && backlogEvents > 0 ? await ageOf(tools, receiver, lanes) : 0;
  return { receiver, backlogEvents, backlogSeconds };
}

/** How long the oldest of a sample has waited for its first attempt; retries wait on purpose. */
async function ageOf(tools: HoldRuleTools, receiver: string, lanes: readonly Lane[]): Promise<number> {
  const waiting = (await Promise.all(lanes.map((lane) => tools.backlogs.peek(receiver, lane)))).flat();
  const ids = waiting.map((message) => deliveryIdIn(message, receiver));
  const tried = await tools.deliveries.find(ids.filter((id) => id !== undefined));
  const sentAtMs = waiting.flatMap((message, at) => {
    const id = ids[at];
    return id === undefined || tried.has(id) ? [] : [message.sentAtMs];
  });
  const nowMs = tools.clock.now();
  return sentAtMs.reduce((oldest, sent) => Math.max(oldest, (nowMs - sent) / 1000), 0);
}

/** Undefined for a message that is not an event of the bus. */
function deliveryIdIn({ body, topic }: Waiting, receiver: string): string | undefined {
  try {
    const { id, source } = JSON.parse(body) ?? {};
    return typeof id === 'string' && typeof source === 'string'
      ? deliveryIdOf({ id, source }, topic, receiver)
      : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
