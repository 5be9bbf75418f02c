/** The headers of fetch, of node:http, or a plain object. */
export type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** All headers, with lower-case names. Repeated headers are joined with commas, as HTTP defines it. */
export function headerEntries(headers: HeaderSource): [name: string, value: string][] {
  if (headers instanceof Headers) return [...headers.entries()];
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name.toLowerCase(), typeof value === 'string' ? value : value.join(', ')]],
  );
}

/** One header by its lower-case name; undefined if it is absent. */
export function headerOf(headers: HeaderSource, name: string): string | undefined {
  return headerEntries(headers).find(([found]) => found === name)?.[1];
}
