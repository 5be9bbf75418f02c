/** Control sequences of terminals (ECMA-48, and the private modes of xterm that all of today's have). */
const esc = '\u001b';
const csi = `${esc}[`;

export const screens = {
  other: `${csi}?1049h`,
  first: `${csi}?1049l`,
  hideCursor: `${csi}?25l`,
  showCursor: `${csi}?25h`,
} as const;

/** What draws a text over whatever is on the screen, line by line, without clearing it first. */
export function drawn(text: string, columns: number, rows: number): string {
  const lines = text.replace(/\n+$/, '').split('\n');
  const shown = lines.slice(0, rows).map((line) => `${cut(line, columns)}${csi}K`);
  if (lines.length > rows) shown[rows - 1] = `… ${lines.length - rows + 1} more lines${csi}K`;
  return `${csi}H${shown.join('\r\n')}${csi}J`;
}

const colour = new RegExp(`(${esc}\\[\\d{1,3}m)`);

/** The start of a line of as many characters; colours take no place, and end with it. */
function cut(line: string, columns: number): string {
  const parts = line.split(colour);
  let left = columns;
  return parts
    .map((part, at) => {
      if (at % 2 === 1) return part;
      const characters = [...part].slice(0, left);
      left -= characters.length;
      return characters.join('');
    })
    .join('');
}
