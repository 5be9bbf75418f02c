import type { World } from '../world.ts';
import { grouped } from './tally.ts';

/** A line at the bottom of the terminal that says how far it is. */
export interface Progress {
  /** Draws, at most ten times a second. */
  update(state: { readonly answered: number; readonly rejected: number; readonly bytesRead: number }): void;
  /** Says something in its place until the next update, such as why it waits. */
  note(text: string): void;
  /** Takes the line away, before something else is printed. */
  clear(): void;
}

const redrawMs = 100;
const barWidth = 24;

/** Draws on standard error when it is a terminal, else nothing. `totalBytes` is undefined for a pipe. */
export function createProgress(
  world: Pick<World, 'stderr' | 'now'>,
  options: { enabled: boolean; totalBytes: number | undefined },
): Progress {
  const { stderr, now } = world;
  if (!options.enabled || !stderr.isTerminal) {
    return { update: () => undefined, note: () => undefined, clear: () => undefined };
  }
  const startedMs = now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  let visible = false;

  function draw(text: string): void {
    visible = true;
    // The text is cut so that it stays on one line, which is what can be cleared.
    void stderr.write(`\r\u001b[K${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
  }

  return {
    update({ answered, rejected, bytesRead }) {
      if (now() - drawnMs < redrawMs) return;
      drawnMs = now();
      const perSecond = answered / Math.max(0.001, (now() - startedMs) / 1000);
      const parts = [`${grouped(answered)} events`, `${grouped(perSecond)}/s`];
      if (rejected > 0) parts.push(`${grouped(rejected)} rejected`);
      draw(`${bar(bytesRead, options.totalBytes)}${parts.join('  ')}`);
    },
    note: draw,
    clear() {
      if (visible) void stderr.write('\r\u001b[K');
      visible = false;
      drawnMs = Number.NEGATIVE_INFINITY;
    },
  };
}

function bar(bytesRead: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined || totalBytes === 0) return '';
  const part = Math.min(1, bytesRead / totalBytes);
  const full = Math.round(part * barWidth);
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${String(Math.floor(part * 100)).padStart(3)}%  `;
}
