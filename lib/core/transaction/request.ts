import { createHash } from 'node:crypto';
import * as z from 'zod';
import { invalid } from '../event/event.ts';
import { type Entry, type EventDefaults, type EventRequest, readEvents, textOf } from '../event/forms.ts';
import type { Target } from '../event/target.ts';
import { BusbarError, invalidField } from '../kernel/errors.ts';
import { parseStrictJson, type Span } from '../kernel/json.ts';
import { bus } from '../kernel/limits.ts';
import { nameSchema, parseSpec } from '../kernel/spec.ts';
import { transactionEventsMax } from './limits.ts';

/** All checks of a transaction must end before SQS drops the message that times them. */
export const checkAfterSecondsMax = 12 * 3600;

/** The body of `POST /v1/transactions`. Its events are read separately, so their data is kept verbatim. */
export const transactionSchema = z.strictObject({
  /** Chosen by the producer, so a repeated call begins only one transaction. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'is not a valid id: use 1 to 64 letters, digits, hyphens and underscores')
    .optional(),
  events: z
    .array(z.unknown())
    .min(1, 'has no events. Give at least one')
    .max(transactionEventsMax, `has too many events: at most ${transactionEventsMax} fit one transaction`),
  checkUrl: z.string().max(2048).optional(),
  checkAfterSeconds: z.number().min(1).max(checkAfterSecondsMax).optional(),
});

/** One event of the request: where it goes, and what was read of it. */
export interface Draft {
  readonly target: Target;
  readonly entry: Entry;
  /** Set for an event with `delaySeconds`, which counts from the commit. */
  readonly delayMs?: number;
}

export interface TransactionRequest {
  readonly id: string | undefined;
  readonly checkUrl: string | undefined;
  readonly checkAfterSeconds: number | undefined;
  readonly drafts: readonly Draft[];
  /** Equal for requests with the same content, whatever the bus fills in. */
  readonly digest: string;
}

/** @throws BusbarError when the request as a whole cannot be read; an invalid event is an entry with its error. */
export function readTransaction(request: EventRequest, defaults: EventDefaults): TransactionRequest {
  const mediaType = (request.contentType ?? '').split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    throw new BusbarError(
      'unsupported_media_type',
      `The content type ${JSON.stringify(request.contentType ?? '')} is not supported here. Send application/json.`,
    );
  }
  if (request.body.length > bus.requestBytesMax) {
    throw new BusbarError(
      'request_too_large',
      `The body has ${request.body.length} bytes; at most ${bus.requestBytesMax} fit one transaction. Store the data elsewhere and send references to it.`,
    );
  }
  const text = textOf(request);
  const { value, members } = parseStrictJson(text);
  const { id, events, checkUrl, checkAfterSeconds } = parseSpec(transactionSchema, value);
  const [from, to] = members[0]?.get('events') ?? [0, 0];
  const eventsText = text.slice(from, to);
  const spans = parseStrictJson(eventsText).members;
  let objects = 0;
  const drafts = events.map((item, index): Draft => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw wrong(index, '', 'is not an event: an event is a JSON object');
    }
    // Only objects have members, so they are counted along with the values.
    const own = spans[objects++] ?? new Map<string, Span>();
    const target = targetOf(item as Record<string, unknown>, index);
    return draftOf(item as Record<string, unknown>, own, eventsText, index, target, request, defaults);
  });
  return {
    id,
    checkUrl,
    checkAfterSeconds,
    drafts,
    digest: createHash('sha256')
      .update(JSON.stringify([eventsText, checkUrl ?? null, checkAfterSeconds ?? null]))
      .digest('base64url'),
  };
}

const targetSchema = z.looseObject({ topic: nameSchema.optional(), receiver: nameSchema.optional() });

function targetOf(item: Readonly<Record<string, unknown>>, index: number): Target {
  const parsed = targetSchema.safeParse(item);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(index, String(issue?.path[0] ?? ''), issue?.message ?? 'is not a valid name');
  }
  const { topic, receiver } = parsed.data;
  if (topic !== undefined && receiver === undefined) return { topic };
  if (receiver !== undefined && topic === undefined) return { receiver };
  throw wrong(index, '', 'must name a topic or a receiver as its target. Give one of the two');
}

function draftOf(
  item: Readonly<Record<string, unknown>>,
  spans: ReadonlyMap<string, Span>,
  text: string,
  index: number,
  target: Target,
  request: EventRequest,
  defaults: EventDefaults,
): Draft {
  const rest = [...spans].filter(([name]) => name !== 'topic' && name !== 'receiver');
  const body = `{${rest.map(([name, [from, to]]) => `${JSON.stringify(name)}:${text.slice(from, to)}`).join(',')}}`;
  const contentType = item.specversion === undefined ? 'application/json' : 'application/cloudevents+json';
  const [read] = readEvents(
    {
      contentType,
      headers: { traceparent: request.headers.traceparent },
      body: Buffer.from(body, 'utf8'),
    },
    defaults,
  );
  const entry = { ...(read ?? noEntry()), index };
  const dueAtMs = 'error' in entry ? undefined : entry.dueAtMs;
  const isRelative = dueAtMs !== undefined && item.delaySeconds !== undefined;
  return { target, entry, ...(isRelative && { delayMs: dueAtMs - defaults.nowMs }) };
}

function noEntry(): { readonly id: undefined; readonly error: BusbarError } {
  return { id: undefined, error: invalid('events', 'could not be read') };
}

function wrong(index: number, field: string, detail: string): BusbarError {
  const path = field === '' ? `events.${index}` : `events.${index}.${field}`;
  return invalidField(path, detail);
}
