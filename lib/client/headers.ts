/** The headers of fetch, or those of node:http and of a plain object. */
export type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** All headers, their names in lower case; a header that came several times is joined as HTTP has it. */
export function headerEntries(headers: HeaderSource): [name: string, value: string][] {
  if (headers instanceof Headers) return [...headers.entries()];
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name.toLowerCase(), typeof value === 'string' ? value : value.join(', ')]],
  );
}

/** One header by its lower-case name; undefined when it is absent. */
export function headerOf(headers: HeaderSource, name: string): string | undefined {
  return headerEntries(headers).find(([found]) => found === name)?.[1];
}
