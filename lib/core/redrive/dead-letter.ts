import { type DeliveryRecord, deliveryIdOf } from '../deliver/delivery.ts';
import { traceAttribute } from '../event/trace-mode.ts';
import { topicAttribute } from '../routing/routing.ts';

/** The line of the log that an alarm counts. */
export const deadLettersStored = 'Dead letters were stored';

/**
 * The message attributes of a dead letter, which explain it: its cause, its attempts and their times.
 * @param attributes of the message that dies; those that a redrive needs are kept.
 */
export function deadLetterAttributes(
  record: DeliveryRecord,
  attributes: Readonly<Record<string, string>>,
): Record<string, string> {
  const { [topicAttribute]: topic, [traceAttribute]: trace } = attributes;
  return {
    ...(topic !== undefined && { [topicAttribute]: topic }),
    ...(trace !== undefined && { [traceAttribute]: trace }),
    'busbar-delivery-id': record.deliveryId,
    'busbar-cause': record.cause,
    ...(record.failure !== undefined && { 'busbar-failure': record.failure }),
    ...(record.detail !== '' && { 'busbar-detail': record.detail.replaceAll(notForQueues, '\ufffd') }),
    'busbar-attempts': String(record.attempts),
    'busbar-first-attempt-at': new Date(record.firstAttemptAtMs).toISOString(),
    'busbar-last-attempt-at': new Date(record.lastAttemptAtMs).toISOString(),
  };
}

/** Characters that SQS rejects (API reference, SendMessage): the response of an endpoint may contain any. */
const notForQueues = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A dead letter as it is listed. Times are RFC 3339. */
export interface DeadLetter {
  /** The delivery's id; for a message that is not an event, `msg_` and the message id. */
  readonly id: string;
  readonly receiver: string;
  /**
   * Undefined, like source and type, for a message that is not an event: it cannot be delivered, and so not be
   * redriven.
   */
  readonly eventId?: string;
  readonly eventSource?: string;
  readonly eventType?: string;
  readonly topic?: string;
  readonly cause: string;
  readonly detail: string;
  /** The last status of the endpoint. */
  readonly status?: number;
  readonly attempts: number;
  readonly firstAttemptAt?: string;
  readonly lastAttemptAt?: string;
  readonly diedAt: string;
}

/** The part of a dead letter that goes back to its lane. */
export interface DeadLetterContent {
  readonly body: string;
  readonly topic: string | undefined;
  /** The trace mode of the topic at the time of the publish, which a redrive keeps. */
  readonly trace?: string | undefined;
}

/** A message of the dead-letter queue. */
export interface DeadLetterMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAtMs: number;
}

const poisonDetail =
  'The queue moved it here because it was received too often without an outcome. The log of the deliver function has the cause.';

/**
 * Reads a message of a dead-letter queue. What the bus moved there has attributes that explain it; what SQS or SNS
 * moved there by their own policies lacks them.
 */
export function readDeadLetter(
  receiver: string,
  message: DeadLetterMessage,
): { letter: DeadLetter; content: DeadLetterContent } {
  const { attributes } = message;
  const content = contentOf(message);
  const event = eventOf(content.body);
  const cause =
    attributes['busbar-cause'] ?? (attributes.ErrorCode === undefined ? 'poison' : 'not-handed-over');
  const detail =
    attributes['busbar-detail'] ?? attributes.ErrorMessage ?? (cause === 'poison' ? poisonDetail : '');
  const firstAttemptAt = attributes['busbar-first-attempt-at'];
  const lastAttemptAt = attributes['busbar-last-attempt-at'];
  const status = /^(?:http|redirect)-(\d{3})$/.exec(cause)?.[1];
  return {
    content,
    letter: {
      id:
        event === undefined
          ? `msg_${message.messageId}`
          : (attributes['busbar-delivery-id'] ?? deliveryIdOf(event, content.topic, receiver)),
      receiver,
      ...(event !== undefined && { eventId: event.id, eventSource: event.source, eventType: event.type }),
      ...(content.topic !== undefined && { topic: content.topic }),
      cause,
      detail,
      ...(status !== undefined && { status: Number(status) }),
      attempts: Number(attributes['busbar-attempts'] ?? 0),
      ...(firstAttemptAt !== undefined && { firstAttemptAt }),
      ...(lastAttemptAt !== undefined && { lastAttemptAt }),
      diedAt: lastAttemptAt ?? new Date(message.sentAtMs).toISOString(),
    },
  };
}

/**
 * The body and attributes of a letter as it was published: SNS wraps a message that has too many attributes for raw
 * delivery into a notification (SNS guide, raw delivery).
 */
export function unwrapped({ body, attributes }: Pick<DeadLetterMessage, 'body' | 'attributes'>): {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
} {
  const { Type, Message, MessageAttributes } = parseObject(body);
  if (Type !== 'Notification' || typeof Message !== 'string') return { body, attributes };
  const wrapped = Object.entries((MessageAttributes ?? {}) as Record<string, { Value?: unknown } | null>);
  const texts = wrapped.flatMap(([name, given]): [string, string][] =>
    typeof given?.Value === 'string' ? [[name, given.Value]] : [],
  );
  return { body: Message, attributes: Object.fromEntries(texts) };
}

function contentOf(message: DeadLetterMessage): DeadLetterContent {
  const { body, attributes } = unwrapped(message);
  return { body, topic: attributes[topicAttribute], trace: attributes[traceAttribute] };
}

function eventOf(body: string): { id: string; source: string; type: string } | undefined {
  const { id, source, type } = parseObject(body);
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') return undefined;
  return { id, source, type };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

/** Dead letters of one cause. */
export interface Cluster {
  readonly cause: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The latest of them. */
  readonly example: DeadLetter;
}

/** The causes of dead letters, the most frequent first. */
export function clusters(letters: readonly DeadLetter[]): Cluster[] {
  const byCause = new Map<string, Cluster>();
  for (const letter of letters) {
    const { cause, diedAt } = letter;
    const sofar = byCause.get(cause);
    byCause.set(cause, {
      cause,
      count: (sofar?.count ?? 0) + 1,
      firstAt: sofar === undefined || diedAt < sofar.firstAt ? diedAt : sofar.firstAt,
      lastAt: sofar === undefined || diedAt > sofar.lastAt ? diedAt : sofar.lastAt,
      example: sofar === undefined || diedAt >= sofar.lastAt ? letter : sofar.example,
    });
  }
  return [...byCause.values()].sort((one, other) => other.count - one.count);
}
