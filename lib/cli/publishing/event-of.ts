import type { EventInput } from '../../client/index.ts';
import { messageOf } from '../support/values.ts';

/** The options that apply to every event of the run. An event's own fields take precedence. */
export interface EventOptions {
  readonly type?: string | undefined;
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
  readonly delaySeconds?: number | undefined;
  readonly deliverAt?: string | undefined;
}

/** The input is not an event. */
export class InputProblem extends Error {}

const shorthandFields = ['type', 'data', 'id', 'source', 'subject', 'time'];

/**
 * Makes an event of one JSON value. If the options have a type, the value is the event's data, unless it is a
 * CloudEvent (it has a `specversion`). Otherwise the value must be an event. Throws an `InputProblem`.
 */
export function eventOf(value: unknown, options: EventOptions): EventInput {
  const fields: Record<string, unknown> = isObject(value) ? value : {};
  const isCloudEvent = fields.specversion !== undefined;
  const own = isCloudEvent || options.type === undefined ? fields : { data: value };
  const event = { ...withoutUndefined(options), ...own };
  if (typeof event.type !== 'string') {
    throw new InputProblem('It is not an event: add a "type", or pass --type to publish it as data.');
  }
  const isDelayed = options.delaySeconds !== undefined || options.deliverAt !== undefined;
  return { ...(isCloudEvent && isDelayed ? asShorthand(event) : event), type: event.type };
}

/** Only the shorthand can be delayed, and it takes no extensions. */
function asShorthand({ specversion: _, ...event }: Record<string, unknown>): Record<string, unknown> {
  const known = [...shorthandFields, 'delaySeconds', 'deliverAt'];
  const extra = Object.keys(event).find((name) => !known.includes(name));
  if (extra === undefined) return event;
  throw new InputProblem(
    `A CloudEvent with ${extra} cannot be delayed: a delayed event may only have ${known.join(', ')}.`,
  );
}

/**
 * Parses JSON and keeps numbers that JavaScript would round, such as ids of twenty digits: `JSON.rawJSON`
 * (ECMAScript 2026) prints them unchanged. Throws an `InputProblem`.
 */
export function parseInput(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
        ? rawJson(context.source)
        : value,
    );
  } catch (error) {
    // If someone forgets the @ of a file, the parser's message alone would not help.
    const hint = /^[\w./~-]+\.(json|ndjson|jsonl)$/.test(text) ? ` To publish a file, write @${text}.` : '';
    throw new InputProblem(`It is not valid JSON: ${messageOf(error)}.${hint}`);
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
