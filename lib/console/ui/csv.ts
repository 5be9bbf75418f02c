type Cell = string | number | boolean | undefined;

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

export const csv = (header: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n');

/** A text that a spreadsheet would run as a formula gets an apostrophe: tenants write these texts. */
function cell(value: Cell): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const harmless = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
