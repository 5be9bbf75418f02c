import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Keeping, keep } from '../../../lib/core/catalog/keep.ts';
import {
  keptEventBytesMax,
  keptPerRow,
  keptRowSeconds,
  keptRowsAtOnce,
} from '../../../lib/core/catalog/limits.ts';

const second = 1000;
const event = (atMs: number, body = '{}') => ({ atMs, type: 't', source: '/s', body });

describe('which events an instance keeps', () => {
  it('are the first at once, then the latest of every ten minutes', () => {
    let keeping: Keeping | undefined;
    const written: number[][] = [];
    for (let n = 0; n < 3600; n++) {
      const nowMs = n * second;
      const step = keep(keeping, [event(nowMs)], nowMs);
      keeping = step.keeping;
      if (step.write.length > 0) written.push(step.write.map(({ atMs }) => atMs / second));
    }
    expect(written.slice(0, keptRowsAtOnce)).toEqual(Array.from({ length: keptRowsAtOnce }, (_, n) => [n]));
    expect(written.slice(keptRowsAtOnce).map((row) => row.at(-1))).toEqual([600, 1200, 1800, 2400, 3000]);
    expect(written.at(-1)).toHaveLength(keptPerRow);
  });

  it('are never large ones', () => {
    const { write } = keep(undefined, [event(0, 'x'.repeat(keptEventBytesMax + 1)), event(0)], 0);
    expect(write).toEqual([event(0)]);
  });

  it('cost a bounded number of rows, however events come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.nat(200_000), count: fc.nat(30) }), { maxLength: 100 }),
        (steps) => {
          let keeping: Keeping | undefined;
          let nowMs = 0;
          let rows = 0;
          for (const { afterMs, count } of steps) {
            nowMs += afterMs;
            const events = Array.from({ length: count }, () => event(nowMs));
            const step = keep(keeping, events, nowMs);
            keeping = step.keeping;
            expect(step.write.length).toBeLessThanOrEqual(keptPerRow);
            expect(step.keeping.pending.length).toBeLessThanOrEqual(keptPerRow);
            if (step.write.length > 0) rows += 1;
          }
          expect(rows).toBeLessThanOrEqual(keptRowsAtOnce + Math.floor(nowMs / (keptRowSeconds * second)));
        },
      ),
    );
  });
});
