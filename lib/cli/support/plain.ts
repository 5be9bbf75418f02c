/**
 * What a terminal would obey, or show in another order than it is written: control characters (C0 and C1), controls of
 * text direction, line separators, and halves of surrogate pairs. Text that tenants wrote may contain all of them.
 */
const unsafe = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Foreign text on one line, with every unsafe character replaced. Use it for all that is not our own text. */
export function plain(text: string): string {
  return text.replace(unsafe, '\ufffd');
}

/** A value as JSON on one line. Unsafe characters are escaped, so nothing is lost to a program that reads it. */
export function jsonText(value: unknown): string {
  return escaped(JSON.stringify(value) ?? 'null');
}

/** The same on several lines, for a file that people read. */
export function jsonLines(value: unknown): string {
  return escaped(JSON.stringify(value, undefined, 2) ?? 'null', { but: '\n' });
}

/** JSON, or quoted text of YAML, with its unsafe characters as escapes. @param but unsafe characters that stay. */
export const escaped = (quoted: string, { but = '' }: { readonly but?: string } = {}): string =>
  quoted.replace(unsafe, (character) =>
    but.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Our own line ends, tabs, colours, and what redraws the last line. */
const sequence = '\u001b\\[';
const own = `\n|\t|${sequence}\\d{1,3}m|\r${sequence}K`;
const ownOrUnsafe = new RegExp(`(${own})|${unsafe.source}`, 'gu');

/** The last barrier in front of the terminal, for foreign text that a command forgot to make plain. */
export function printable(text: string): string {
  return text.replace(ownOrUnsafe, (_, allowed: string | undefined) => allowed ?? '\ufffd');
}
