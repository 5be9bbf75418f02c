import type { DeliveryRecord } from './delivery.ts';
import { topicAttribute } from './routing.ts';

/** What travels with a dead letter, so that it explains itself: its cause, its attempts and when they were. */
export function deadLetterAttributes(
  record: DeliveryRecord,
  topic: string | undefined,
): Record<string, string> {
  return {
    ...(topic !== undefined && { [topicAttribute]: topic }),
    'busbar-delivery-id': record.deliveryId,
    'busbar-cause': record.cause,
    ...(record.failure !== undefined && { 'busbar-failure': record.failure }),
    ...(record.detail !== '' && { 'busbar-detail': record.detail.replaceAll(notForQueues, '\ufffd') }),
    'busbar-attempts': String(record.attempts),
    'busbar-first-attempt-at': new Date(record.firstAttemptAtMs).toISOString(),
    'busbar-last-attempt-at': new Date(record.lastAttemptAtMs).toISOString(),
  };
}

/** What SQS refuses in a text (API reference, SendMessage): an endpoint's answer may hold anything. */
const notForQueues = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
