import { deliveryIdOf } from '../../core/deliver/delivery.ts';
import { isOpen } from '../../core/hold/hold.ts';
import { isLookDue, type Look } from '../../core/hold/look.ts';
import { type Backlog, type HoldRule, judgeRule } from '../../core/hold/rule.ts';
import type { Lane } from '../../core/kernel/place.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import type { Waiting } from '../../runtime/aws/backlogs.ts';
import type { Tools } from '../../runtime/tools.ts';
import { applyHold } from './apply-hold.ts';
import { begin, type ChangeHoldTools } from './hold.ts';

export type HoldRuleTools = ChangeHoldTools & Tools<'queues' | 'backlogs' | 'deliveries' | 'looks'>;

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
  const inAll = counts.reduce((sum, count) => sum + count.inAll, 0);
  const asksForAge = rule.backlogSeconds !== undefined || rule.releaseBelow?.backlogSeconds !== undefined;
  const backlogSeconds = asksForAge ? await ageOf(tools, receiver, lanes, backlogEvents, inAll) : 0;
  return { receiver, backlogEvents, backlogSeconds };
}

/**
 * How long an event has waited for its first attempt, by the last look into the lanes or a new one that is due. Before it
 * looks it says so, for another topic's rule may want to look at the same time.
 */
async function ageOf(
  tools: HoldRuleTools,
  receiver: string,
  lanes: readonly Lane[],
  ready: number,
  inAll: number,
): Promise<number> {
  const last = await tools.looks.find(receiver);
  if (inAll === 0 && last !== undefined) await tools.looks.forget(receiver);
  // What is hidden is being tried, or waits for its next attempt.
  if (ready === 0) return 0;
  const nowMs = tools.clock.now();
  if (!isLookDue(last, inAll, nowMs)) return last?.waitedSeconds ?? 0;
  const begun: Look = { oldestSeconds: 0, waitedSeconds: 0, ...last, atMs: nowMs, inAll };
  if (!(await tools.looks.swap(receiver, last, begun))) return last?.waitedSeconds ?? 0;
  const found = { ...begun, ...(await lookInto(tools, receiver, lanes)) };
  await tools.looks.swap(receiver, begun, found);
  return found.waitedSeconds;
}

/** Samples what waits in the lanes. Retries wait on purpose, so those that were tried do not count as waiting. */
async function lookInto(
  tools: HoldRuleTools,
  receiver: string,
  lanes: readonly Lane[],
): Promise<Pick<Look, 'oldestSeconds' | 'waitedSeconds'>> {
  const waiting = (await Promise.all(lanes.map((lane) => tools.backlogs.peek(receiver, lane)))).flat();
  const ids = waiting.map((message) => deliveryIdIn(message, receiver));
  const tried = await tools.deliveries.find(ids.filter((id) => id !== undefined));
  const untried = waiting.filter((_, at) => {
    const id = ids[at];
    return id !== undefined && !tried.has(id);
  });
  const nowMs = tools.clock.now();
  const oldest = (messages: readonly Waiting[]) =>
    messages.reduce((most, { sentAtMs }) => Math.max(most, (nowMs - sentAtMs) / 1000), 0);
  return { oldestSeconds: oldest(waiting), waitedSeconds: oldest(untried) };
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
