import parse from 'parse-prometheus-text-format';

/** A parsed metric: its type, and the value of each series by its labels. */
export interface ParsedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly { readonly value: string; readonly labels?: Readonly<Record<string, string>> }[];
}

/** What a third party reads in a text of Prometheus's format, by the names of metrics. */
export const parsePrometheus = (text: string): ReadonlyMap<string, ParsedFamily> =>
  new Map((parse(text) as ParsedFamily[]).map((family) => [family.name, family]));
