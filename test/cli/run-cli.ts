import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../bin/busbar.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly outcome: Promise<Outcome>;
  /** Resolves to the match once the stream has printed it; rejects if the process ends without printing it. */
  printed(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts the real CLI as a process, whose environment contains only `env`. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const child = spawn(process.execPath, [entry, ...args], { env: { BUSBAR_DATA: '/nonexistent', ...env } });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
      child.emit('printed');
    });
  }
  // A process that ends early does not read the rest of its input.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const outcome = once(child, 'close').then(([code]): Outcome => ({ code, ...text }));
  return {
    child,
    outcome,
    async printed(stream, pattern) {
      const ended = outcome.then(() => 'ended' as const);
      for (;;) {
        const match = pattern.exec(text[stream]);
        if (match !== null) return match;
        if ((await Promise.race([once(child, 'printed'), ended])) === 'ended') {
          const last = pattern.exec(text[stream]);
          if (last !== null) return last;
          throw new Error(`The process ended without printing ${pattern}:\n${text.stdout}\n${text.stderr}`);
        }
      }
    },
  };
}

/** Runs the real CLI to its end, with `input` on standard input. */
export function runCli(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Outcome> {
  const { child, outcome } = startCli(args, options.env);
  child.stdin.end(options.input ?? '');
  return outcome;
}
