import { type EventInput, JsonText } from '../../client/index.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { parseStrictJson } from '../../core/kernel/json.ts';

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

/** One JSON value of the input, with its text. */
export interface JsonInput {
  readonly value: unknown;
  readonly text: string;
  /** The text of its member `data`; undefined when it has none. */
  readonly dataText: string | undefined;
}

/**
 * Makes an event of one JSON value. If the options have a type, the value is the event's data, unless it is a
 * CloudEvent (it has a `specversion`). Otherwise the value must be an event. Data is sent as it is written. Throws an
 * `InputProblem`.
 */
export function eventOf({ value, text, dataText }: JsonInput, options: EventOptions): EventInput {
  const fields: Record<string, unknown> = isObject(value) ? value : {};
  const isCloudEvent = fields.specversion !== undefined;
  const isData = !isCloudEvent && options.type !== undefined;
  const data = isData ? text : dataText;
  const own = { ...(isData ? {} : fields), ...(data !== undefined && { data: new JsonText(data) }) };
  const event = { ...withoutUndefined(options), ...own } as Record<string, unknown>;
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

/** Parses one JSON value as strictly as the bus does. Throws an `InputProblem`. */
export function parseInput(text: string): JsonInput {
  const [only] = parse(text, (value) => [value]);
  return only ?? { value: undefined, text, dataText: undefined };
}

/** Parses one JSON value, or the elements of a list. Throws an `InputProblem`. */
export function parseInputs(text: string): readonly JsonInput[] {
  return parse(text, (value) => (Array.isArray(value) ? value : [value]));
}

function parse(text: string, valuesOf: (value: unknown) => readonly unknown[]): readonly JsonInput[] {
  try {
    const { value, members, elements } = parseStrictJson(text);
    const values = valuesOf(value);
    const isSplit = Array.isArray(value) && values === value;
    let objects = 0;
    return values.map((one, at) => {
      const span = isSplit ? elements[at] : undefined;
      const data = isObject(one) ? members[objects++]?.get('data') : undefined;
      return {
        value: one,
        text: span === undefined ? text.trim() : text.slice(span[0], span[1]),
        dataText: data && text.slice(data[0], data[1]),
      };
    });
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    // If someone forgets the @ of a file, the parser's message alone would not help.
    const hint = /^[\w./~-]+\.(json|ndjson|jsonl)$/.test(text) ? ` To publish a file, write @${text}.` : '';
    throw new InputProblem(`${error.message.replace(/^The body/, 'It')}${hint}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(options: EventOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
