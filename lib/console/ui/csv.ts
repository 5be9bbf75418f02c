import { type Cell, csv } from './csv-text.ts';

/** Saves rows as a file of comma-separated values (RFC 4180), with a mark by which spreadsheets take it for UTF-8. */
export function downloadCsv(
  name: string,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const url = URL.createObjectURL(new Blob([`\ufeff${csv(header, rows)}`], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `busbar-${name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
