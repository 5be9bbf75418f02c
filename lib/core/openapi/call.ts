import type { ErrorCode } from '../kernel/errors.ts';
import type { AnswerName } from './answers.ts';
import type { RequestName } from './requests.ts';

/** What the document says of a call; the calls stand in `calls-registry.ts` and `calls-events.ts`. */

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
export type CallName = `${Method} /v1/${string}`;

/** What a call takes in its query. */
export interface QueryParameter {
  readonly text: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: true;
}

export interface Call {
  /** What it does, as a short sentence; it also makes the name that generated clients give it. */
  readonly summary: string;
  readonly tag: Tag;
  /** Whether it needs no key. */
  readonly open?: true;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly headers?: Readonly<Record<string, QueryParameter>>;
  /** The JSON document that it takes; `events` where it takes every form of event. */
  readonly body?: RequestName | 'events';
  /** What it answers when it is done, by status; null for an answer without a body. */
  readonly answers: Readonly<Record<number, AnswerName | null>>;
  /** The codes by which it refuses, beside those of every call. */
  readonly refuses: readonly ErrorCode[];
}

export const tags = {
  Bus: 'Whether it is there, and what it can do.',
  Topics: 'Named streams of events, and who is subscribed to them.',
  Hold: 'Topics that store their events for a while, and release them in order.',
  Receivers: 'Consumers: an endpoint with its own queues, policy and secret.',
  Publish: 'Events to every subscriber of a topic, or to one receiver.',
  Events: 'What became of an event; delayed events until they leave.',
  Schedules: 'An event again and again.',
  Transactions: 'Half messages: events that wait for the commit of their producer.',
  Refused: 'What the bus took over and cannot publish as it is.',
  'Dead letters': 'What could not be delivered, with its cause.',
} as const;
export type Tag = keyof typeof tags;

/** The codes of a call that takes a JSON document. */
export const ofBody = ['malformed_json', 'unsupported_media_type', 'invalid_request'] as const;
export const ofTopic = ['invalid_request', 'unknown_topic', 'forbidden'] as const;
export const ofReceiver = ['invalid_request', 'unknown_receiver', 'forbidden'] as const;
export const text = (description: string): QueryParameter => ({
  text: description,
  schema: { type: 'string' },
});
export const limit = (maximum: number, preset: number): QueryParameter => ({
  text: 'How many at most.',
  schema: { type: 'integer', minimum: 1, maximum, default: preset },
});
export const cursor = text('Of the page before, to go on behind it.');
