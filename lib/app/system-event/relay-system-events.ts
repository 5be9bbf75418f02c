import { mismatchesOf } from '../../core/filter/match.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Subscription } from '../../core/registry/subscription.ts';
import { batchLimits, messageBytes, messageOf } from '../../core/routing/routing.ts';
import { eventsOfTest } from '../../core/system-event/alert-test.ts';
import { isStill } from '../../core/system-event/news.ts';
import { concerns, eventOf, isReportDue, type Reported } from '../../core/system-event/system-event.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import { systemEventTypes } from '../../core/system-event/types.ts';
import type { OutgoingMessage } from '../../runtime/aws/queues.ts';
import type { Tools } from '../../runtime/tools.ts';
import { sendAll } from '../routing/send-all.ts';

export type SendSystemEventTools = Tools<'registry' | 'applications' | 'queues'>;
export type RelaySystemEventsTools = SendSystemEventTools & Tools<'systemEvents'>;

/**
 * Sends the system events that are due. What could not be sent stays and is sent again, under the same id; so is what
 * an instance sent that died before it noted that.
 */
export async function relaySystemEvents(tools: RelaySystemEventsTools): Promise<void> {
  const nowMs = tools.clock.now();
  const due = (await tools.systemEvents.all()).filter(
    ({ waits, sentAtMs }) => waits && isReportDue(sentAtMs, nowMs),
  );
  if (due.length === 0) return;
  const unsent = await sendSystemEvents(
    tools,
    due.map(({ reported }) => reported),
  );
  for (const report of due) {
    const { id, sinceMs, type } = report.reported;
    const isGivenUp = unsent.has(id) && nowMs - sinceMs > giveUpSeconds * 1000;
    // Those who can be reached would get it again every minute.
    if (isGivenUp) tools.log('error', 'A system event did not reach every receiver', { id, type });
    if (isGivenUp || !unsent.has(id)) await tools.systemEvents.sent(report, nowMs);
  }
}

/** For so long it is tried to reach every receiver. */
const giveUpSeconds = 3600;

/** A receiver that is subscribed to the system topic, with its subscription. */
export interface Listener {
  readonly receiver: Receiver;
  readonly subscription: Subscription;
}

/** Who is subscribed to system events, now. */
export async function listenersOf(tools: Tools<'registry'>): Promise<Listener[]> {
  const subscriptions = await tools.registry.subscriptions(systemTopicName);
  const receivers = await tools.registry.receiversNamed(subscriptions.map(({ receiver }) => receiver));
  return subscriptions.flatMap((subscription) => {
    const receiver = receivers.get(subscription.receiver);
    return receiver === undefined ? [] : [{ receiver, subscription }];
  });
}

/**
 * Sends system events to the receivers that may get them. The bus matches filters itself and writes to queues, since only
 * who owns what now decides who gets what: a filter at SNS would say who did when it was put.
 * @returns the ids of those that some receiver did not get, and should be sent again.
 */
async function sendSystemEvents(
  tools: SendSystemEventTools,
  events: readonly Reported[],
): Promise<Set<string>> {
  const unsent = new Set<string>();
  const listeners = await listenersOf(tools);
  if (listeners.length === 0) return unsent;
  const told = (await Promise.all(events.map((event) => presentlyAbout(tools, event)))).flatMap((each) =>
    (each.event.testOf === undefined ? [each.event] : eventsOfTest(each.event)).map((event) => ({
      ...each,
      event,
      /** That of what is stored, which a test makes several events of. */
      storedId: each.event.id,
    })),
  );
  await Promise.all(
    listeners.map(async ({ receiver, subscription }) => {
      const going = told.flatMap(({ event, storedId, about, parents }) => {
        if (event.testOf !== undefined && event.testOf !== receiver.receiver) return [];
        if (!concerns(about, parents, receiver.owner, subscription.by)) return [];
        const message = messageFor({ receiver, subscription }, event);
        return message === undefined ? [] : [{ ...message, id: storedId, bytes: messageBytes(message) }];
      });
      const failures = await sendAll(going, batchLimits.queue, (batch) =>
        tools.queues.send(
          { receiver: receiver.receiver, role: 'online' },
          batch as readonly OutgoingMessage[],
        ),
      );
      for (const [at, failure] of failures.entries()) {
        if (failure === undefined) continue;
        const { id = '' } = going[at] ?? {};
        tools.log(failure.retryable ? 'warn' : 'error', 'A system event could not be sent', {
          receiver: receiver.receiver,
          id,
          reason: failure.reason,
        });
        // A queue that is gone was deleted with its receiver.
        if (failure.retryable) unsent.add(id);
      }
    }),
  );
  return unsent;
}

/** What a listener gets of a system event; undefined where its filter does not want it. */
export function messageFor({ receiver, subscription: { filter } }: Listener, event: Reported) {
  const message = messageOf(eventOf(event, receiver.owner), { topic: systemTopicName });
  return filter !== undefined && mismatchesOf(filter, message).length > 0 ? undefined : message;
}

/** A system event with the applications that it is about now: what it names may have changed hands since. */
async function presentlyAbout(tools: SendSystemEventTools, event: Reported) {
  const about = await aboutNow(tools, event);
  const rows = await Promise.all(about.map((application) => tools.applications.cached(application)));
  const parents = rows.flatMap((row) => (row?.parent === undefined ? [] : [row.parent]));
  return { event, about, parents };
}

async function aboutNow(
  { registry }: SendSystemEventTools,
  { type, subject, about, data, of, testOf }: Reported,
): Promise<readonly string[]> {
  if (testOf !== undefined) return about;
  const { subject: kind } = systemEventTypes[type];
  const name = subject.slice(kind.length + 1);
  if (kind === 'requests') {
    // It concerns who decides about it as well.
    const topic = of === undefined ? undefined : await registry.topic(String(data.topic));
    return topic !== undefined && isStill(of, topic) ? [...about, topic.owner] : about;
  }
  if (kind !== 'receivers' && kind !== 'topics') return about;
  const there = kind === 'receivers' ? await registry.receiver(name) : await registry.topic(name);
  if (there === undefined || !isStill(of, there)) return about;
  // A name that another application has by now is another thing.
  return about.length === 0 || about.includes(there.owner) ? [there.owner] : [];
}
