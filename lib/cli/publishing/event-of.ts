import type { EventInput } from '../../client/index.ts';
import { messageOf } from '../values.ts';

/** What the options say about every event of the run; an event's own fields win. */
export interface EventOptions {
  readonly type?: string | undefined;
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
  readonly delaySeconds?: number | undefined;
  readonly deliverAt?: string | undefined;
}

/** A text that is no event. */
export class InputProblem extends Error {}

const shorthandFields = ['type', 'data', 'id', 'source', 'subject', 'time'];

/**
 * The event of one JSON value. With a type in the options every value is data, except a CloudEvent, which
 * `specversion` tells; without one it must be an event itself. Throws an `InputProblem`.
 */
export function eventOf(value: unknown, options: EventOptions): EventInput {
  const fields: Record<string, unknown> = isObject(value) ? value : {};
  const isCloudEvent = fields.specversion !== undefined;
  const own = isCloudEvent || options.type === undefined ? fields : { data: value };
  const event = { ...withoutUndefined(options), ...own };
  if (typeof event.type !== 'string') {
    throw new InputProblem('It is no event: give it a "type", or pass --type to publish it as data.');
  }
  const isDelayed = options.delaySeconds !== undefined || options.deliverAt !== undefined;
  return { ...(isCloudEvent && isDelayed ? asShorthand(event) : event), type: event.type };
}

/** Only the shorthand has a delay, and it has no room for extensions. */
function asShorthand({ specversion: _, ...event }: Record<string, unknown>): Record<string, unknown> {
  const known = [...shorthandFields, 'delaySeconds', 'deliverAt'];
  const extra = Object.keys(event).find((name) => !known.includes(name));
  if (extra === undefined) return event;
  throw new InputProblem(
    `A CloudEvent with ${extra} cannot be delayed: the bus takes a delay with ${known.join(', ')} only.`,
  );
}

/**
 * Parses JSON, and keeps the letters of numbers that a JavaScript number would change, such as ids of twenty
 * digits: `JSON.rawJSON` (ECMAScript 2026) prints them as they came. Throws an `InputProblem`.
 */
export function parseInput(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
        ? rawJson(context.source)
        : value,
    );
  } catch (error) {
    // Who names a file and forgets the @ sees only his path in what the parser says.
    const hint = /^[\w./~-]+\.(json|ndjson|jsonl)$/.test(text) ? ` To publish a file, write @${text}.` : '';
    throw new InputProblem(`It is no JSON: ${messageOf(error)}.${hint}`);
  }
}

function rawJson(text: string): unknown {
  return (JSON as JSON & { rawJSON(text: string): unknown }).rawJSON(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(options: EventOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
