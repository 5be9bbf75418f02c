import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import type { EventInput } from '../../client/index.ts';
import { usageError } from '../support/failure.ts';
import { messageOf } from '../support/values.ts';
import type { World } from '../support/world.ts';
import { type EventOptions, eventOf, InputProblem, parseInput, parseInputs } from './event-of.ts';
import { readLines } from './lines.ts';
import type { Item } from './tally.ts';

export type Sendable = Item & { readonly event: EventInput };

/** An event to send, or an item that is not an event. */
type Parsed = Sendable | (Item & { readonly problem: string });

export interface Input {
  /** True for lines, of which there may be many; false for a single JSON value. */
  readonly isStream: boolean;
  readonly totalBytes: number | undefined;
  bytesRead(): number;
  chunks(stop: AbortSignal): AsyncIterable<readonly Parsed[]>;
}

/**
 * Opens the input that `data` names: JSON itself, `@file` with one JSON value or a list of events,
 * `@file.ndjson` with one value per line, and `-` or nothing for lines on standard input.
 */
export async function openInput(
  world: World,
  data: string | undefined,
  options: EventOptions,
): Promise<Input> {
  if (data === undefined || data === '-') {
    if (data === undefined && world.stdinIsTerminal) {
      throw usageError(
        'There is nothing to publish.',
        'Pass JSON, @file, or events as lines on standard input.',
      );
    }
    return lineInput(world.stdin, world.stdinBytes(), options);
  }
  if (!data.startsWith('@')) return valueInput(data, options);
  const path = data.slice(1);
  try {
    if (!/\.(ndjson|jsonl)$/.test(path)) return valueInput(readUtf8(await readFile(path)), options);
    const { size } = await stat(path);
    return lineInput(createReadStream(path), size, options);
  } catch (error) {
    if (error instanceof InputProblem) throw error;
    throw usageError(`Cannot read ${path}: ${messageOf(error)}.`);
  }
}

function valueInput(text: string, options: EventOptions): Input {
  // With a type, a list is the data of one event; without, it is a list of events.
  const inputs = options.type === undefined ? parseInputs(text) : [parseInput(text)];
  const items = inputs.map((input) => ({
    line: undefined,
    // What is not stored is written to a file line by line; JSON has no line break but between its parts.
    text: input.text.replace(/[\r\n]+/g, ' '),
    event: eventOf(input, options),
  }));
  return {
    isStream: false,
    totalBytes: undefined,
    bytesRead: () => 0,
    async *chunks() {
      yield items;
    },
  };
}

function readUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputProblem('The file is not valid UTF-8.');
  }
}

function lineInput(stream: Readable, totalBytes: number | undefined, options: EventOptions): Input {
  let bytesRead = 0;

  async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }

  return {
    isStream: true,
    totalBytes,
    bytesRead: () => bytesRead,
    async *chunks(stop) {
      // Ctrl-C must also end a wait for input.
      const source: AsyncIterable<Uint8Array> = addAbortSignal(stop, stream);
      try {
        for await (const lines of readLines(counted(source))) {
          yield lines.map(({ number, text, problem }): Parsed => {
            const item = { line: number, text };
            return problem === undefined ? parsed(item, options) : { ...item, problem };
          });
        }
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    },
  };
}

function parsed(item: Item, options: EventOptions): Parsed {
  try {
    return { ...item, event: eventOf(parseInput(item.text), options) };
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    return { ...item, problem: error.message };
  }
}
