/** One line of the input. `problem` says why it cannot be read. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  readonly problem?: string;
}

/** A request cannot be larger, and without a limit a file without line breaks would fill the memory. */
const maxLineBytes = 1_000_000;

const newline = 0x0a;

/**
 * Splits a stream into lines and yields the lines of each chunk together, so that the caller sees where the input
 * pauses. Skips empty lines, but counts them. Keeps at most one chunk and one line in memory.
 */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let bytes = 0;

  function keep(part: Uint8Array): void {
    bytes += part.length;
    if (bytes <= maxLineBytes) parts.push(part);
    else parts = [];
  }

  function close(): Line[] {
    number++;
    const line = read(Buffer.concat(parts), bytes > maxLineBytes);
    parts = [];
    bytes = 0;
    return line;
  }

  function read(content: Uint8Array, tooLong: boolean): Line[] {
    if (tooLong) {
      return [{ number, text: '', problem: `The line is longer than ${maxLineBytes} bytes.` }];
    }
    try {
      const text = decoder.decode(content).trim();
      return text === '' ? [] : [{ number, text }];
    } catch {
      return [{ number, text: '', problem: 'The line is not valid UTF-8.' }];
    }
  }

  for await (const chunk of input) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      lines.push(...close());
      start = end + 1;
    }
    keep(chunk.subarray(start));
    yield lines;
  }
  if (bytes > 0) yield close();
}
