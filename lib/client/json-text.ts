const json = JSON as JSON & {
  rawJSON(text: string): unknown;
};

/**
 * The data of an event as JSON text, which is sent letter by letter: numbers of any length, spaces, escapes.
 * @throws TypeError when the text is not JSON.
 */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    if (!text.isWellFormed())
      throw new TypeError('The JSON text has half a surrogate pair. Escape it as \\ud800.');
    try {
      JSON.parse(text);
    } catch (error) {
      throw new TypeError(`The text is not JSON: ${(error as Error).message}`, { cause: error });
    }
    this.text = text;
  }

  /** For whoever prints the event: the same value, with its numbers as they are written. */
  toJSON(): unknown {
    return JSON.parse(this.text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? json.rawJSON(context.source) : value,
    );
  }
}

/**
 * Writes a value as JSON without losing any of it: a bigint becomes a number, and `-0` keeps its sign.
 * @throws TypeError for what JSON would turn into null or leave out of a list, naming the member.
 */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, function replace(this: unknown, name: string, member: unknown) {
    if (typeof member === 'number' && !Number.isFinite(member)) throw lost(name, String(member));
    if (Object.is(member, -0)) return json.rawJSON('-0');
    if (typeof member === 'bigint') return json.rawJSON(String(member));
    if (
      Array.isArray(this) &&
      (member === undefined || typeof member === 'function' || typeof member === 'symbol')
    ) {
      throw lost(name, typeof member);
    }
    if (member === null && (this as Record<string, unknown>)[name] instanceof Date)
      throw lost(name, 'an invalid date');
    return member;
  });
}

const lost = (name: string, what: string) =>
  new TypeError(`The member ${JSON.stringify(name)} is ${what}, which JSON cannot represent.`);
