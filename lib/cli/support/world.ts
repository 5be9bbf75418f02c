import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { drawn, screens } from './drawing.ts';

type Style = Parameters<typeof styleText>[0];

/** A stream that a command prints to. */
export interface Output {
  readonly isTerminal: boolean;
  /** Width in characters; undefined when the stream is not a terminal. */
  readonly columns: number | undefined;
  /** Resolves when the text has been written, or when nobody reads the stream any more. */
  write(text: string): Promise<void>;
  /** Styles the text if the stream is a terminal and NO_COLOR is not set. */
  paint(style: Style, text: string): string;
}

/** The terminal that standard output is, for a command that draws instead of printing line by line. */
export interface Screen {
  /**
   * Shows the text instead of what was drawn before, cut to the size of the terminal, on a screen of its own. Nothing is
   * cleared first, so it does not flicker. Only for terminals.
   */
  draw(text: string): Promise<void>;
  /** Gives back the screen as it was before the first drawing. */
  end(): Promise<void>;
}

/** Ctrl-C for a command that takes time: the first asks it to finish what it is doing, the second to abort. */
interface Interrupts {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/** Everything a command uses of the process that it runs in. */
export interface World {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdinIsTerminal: boolean;
  /** The size of standard input in bytes; undefined unless it is a file. */
  readonly stdinBytes: () => number | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly screen: Screen;
  /** Such as `linux`, `darwin` or `win32`. */
  readonly platform: string;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly uuid: () => string;
  readonly bytes: (length: number) => Uint8Array;
  /** Resolves after this time, or when the signal is aborted. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Shows a page to the person, where there is a browser. */
  readonly openBrowser: (url: string) => void;
  /** From the first call on, Ctrl-C no longer ends the process. */
  readonly interrupts: () => Interrupts;
}

export function processWorld(): World {
  let interrupts: { stop: AbortController; abort: AbortController } | undefined;

  function readerGone(): void {
    // As with `busbar listen | head -1`. A command that handles interrupts finishes what it is doing first.
    if (interrupts === undefined) process.exit(0);
    interrupts.stop.abort();
  }

  const stdout = output(process.stdout, readerGone);
  return {
    args: process.argv.slice(2),
    env: process.env,
    stdin: process.stdin,
    stdinIsTerminal: process.stdin.isTTY === true,
    stdinBytes() {
      const stat = fstatSync(0);
      return stat.isFile() ? stat.size : undefined;
    },
    stdout,
    stderr: output(process.stderr, () => undefined),
    screen: screenOf(stdout, () => process.stdout.rows),
    platform: process.platform,
    fetch,
    now: Date.now,
    random: Math.random,
    uuid: randomUUID,
    bytes: (length) => randomBytes(length),
    wait: (ms, signal) =>
      sleep(ms, undefined, { ...(signal !== undefined && { signal }) }).catch(() => undefined),
    openBrowser: (url) => openBrowser(process.platform, url),
    interrupts() {
      if (interrupts === undefined) {
        const made = { stop: new AbortController(), abort: new AbortController() };
        for (const signal of ['SIGINT', 'SIGTERM'] as const) {
          process.on(signal, () => (made.stop.signal.aborted ? made.abort : made.stop).abort());
        }
        interrupts = made;
      }
      return { stop: interrupts.stop.signal, abort: interrupts.abort.signal };
    },
  };
}

function output(
  stream: Writable & { readonly isTTY?: boolean; readonly columns?: number },
  onGone: () => void,
): Output {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!gone) onGone();
    gone = true;
  });
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    write: (text) =>
      gone ? Promise.resolve() : new Promise((resolve) => void stream.write(text, () => resolve())),
    paint: (style, text) => styleText(style, text, { stream }),
  };
}

/** No shell reads the URL. A machine without a browser shows nothing; the page is printed as well. */
function openBrowser(platform: string, url: string): void {
  const [command = '', ...before] = { darwin: ['open'], win32: ['rundll32', 'url.dll,FileProtocolHandler'] }[
    platform
  ] ?? ['xdg-open'];
  const child = spawn(command, [...before, url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}

function screenOf(stdout: Output, rows: () => number | undefined): Screen {
  let drawing = false;
  return {
    async draw(text) {
      // A terminal that does not know its size says 0.
      const start = drawing ? '' : `${screens.other}${screens.hideCursor}`;
      drawing = true;
      await stdout.write(`${start}${drawn(text, stdout.columns || 80, rows() || 24)}`);
    },
    async end() {
      if (drawing) await stdout.write(`${screens.showCursor}${screens.first}`);
      drawing = false;
    },
  };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A new secret for signing deliveries, in the form of Standard Webhooks. */
export function newSecret(world: Pick<World, 'bytes'>): string {
  return `whsec_${Buffer.from(world.bytes(32)).toString('base64')}`;
}
