import { jsonText, plain } from './plain.ts';
import type { Output } from './world.ts';

export interface Column {
  readonly title: string;
  readonly value: (row: Readonly<Record<string, unknown>>) => unknown;
}

/** A column that shows one field. */
export function field(name: string, title = name): Column {
  return { title, value: (row) => row[name] };
}

/** Rows under aligned titles. Columns that are empty in every row are omitted. */
export function table(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly Column[],
  output: Output,
): string {
  const shown = columns
    .map(({ title, value }) => ({ title, cells: rows.map((row) => cell(value(row))) }))
    .filter(({ cells }) => cells.some((text) => text !== ''))
    .map(({ title, cells }) => ({ title, cells, width: widest([title, ...cells]) }));
  const line = (texts: readonly { text: string; width: number }[]) =>
    texts
      .map(({ text, width }) => text.padEnd(width))
      .join('  ')
      .trimEnd();
  const titles = line(shown.map(({ title, width }) => ({ text: title.toUpperCase(), width })));
  const lines = rows.map((_, at) =>
    line(shown.map(({ cells, width }) => ({ text: cells[at] ?? '', width }))),
  );
  return [output.paint('bold', titles), ...lines].map((text) => `${text}\n`).join('');
}

/** The fields of one item, one per line. */
export function fields(item: Readonly<Record<string, unknown>>, output: Output): string {
  const width = widest(Object.keys(item));
  return Object.entries(item)
    .map(([name, value]) => `${output.paint('bold', plain(name).padEnd(width))}  ${cell(value)}\n`)
    .join('');
}

/** A foreign value on one line, plain. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? plain(value) : jsonText(value);
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}
