import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../bin/busbar.js', import.meta.url));

/** What a person types. */
export const keys = { enter: '\r', interrupt: '\u0003', endOfInput: '\u0004' } as const;

/** Why there is no pseudo-terminal here; undefined where there is one. */
export function withoutTerminal(): string | undefined {
  const { stdout, error } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (error === undefined && stdout.includes('util-linux')) return undefined;
  return 'there is no script of util-linux, which makes a pseudo-terminal';
}

export interface Terminal {
  /** The lines on the screen, without carriage returns. */
  readonly screen: () => string;
  /** Resolves once the screen shows it; rejects when the command ends without it. */
  shows(pattern: RegExp): Promise<void>;
  type(text: string): void;
  /** The exit code, as a shell has it: 130 for a process that Ctrl-C ended. */
  readonly ended: Promise<number | null>;
}

/**
 * Runs the real CLI in a pseudo-terminal of its own.
 * @param redirect what the shell does with its streams, such as `2>/dev/null`.
 */
export function inTerminal(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly redirect?: string },
): Terminal {
  const command = [process.execPath, entry, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const child: ChildProcess = spawn(
    'script',
    ['--quiet', '--return', '--command', `exec ${command.join(' ')} ${options.redirect ?? ''}`, '/dev/null'],
    {
      env: { PATH: process.env.PATH ?? '', TERM: 'dumb', BUSBAR_DATA: '/nonexistent', ...options.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    child.emit('shown');
  });
  // A command that ended reads no more.
  child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const screen = () => text.replaceAll('\r', '');
  return {
    screen,
    ended,
    type: (typed) => void child.stdin?.write(typed),
    async shows(pattern) {
      const over = ended.then(() => true);
      while (!pattern.test(screen())) {
        const isOver = await Promise.race([once(child, 'shown').then(() => false), over]);
        if (isOver && !pattern.test(screen())) throw new Error(`It ended without ${pattern}:\n${screen()}`);
      }
    },
  };
}
