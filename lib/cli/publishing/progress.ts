import type { World } from '../support/world.ts';
import { grouped } from './tally.ts';

/** A progress line at the bottom of the terminal. */
export interface Progress {
  /** Redraws the line, at most ten times per second. */
  update(state: { readonly answered: number; readonly rejected: number; readonly bytesRead: number }): void;
  /** Shows a text instead, such as the reason for a wait, until the next update. */
  note(text: string): void;
  /** Removes the line; call this before printing anything else. */
  clear(): void;
}

const redrawMs = 100;
const barWidth = 24;

/** Draws on standard error if that is a terminal. `totalBytes` is undefined for a pipe. */
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
    // Only one line can be cleared, so the text must not wrap.
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
