import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../lib/cli/publishing/lines.ts';
import { pour } from '../../lib/cli/publishing/pour.ts';
import { createProgress } from '../../lib/cli/publishing/progress.ts';
import type { World } from '../../lib/cli/support/world.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

describe('readLines', () => {
  it('finds the same lines for every division of the input into chunks', async () => {
    const line = fc.stringMatching(/^[a-zäß€😀 {}"]{0,12}$/u);
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.boolean(), fc.array(fc.nat(9)), async (lines, closed, sizes) => {
        const text = lines.join('\n') + (closed ? '\n' : '');
        const found: [number, string][] = [];
        for await (const some of readLines(chunksOf(Buffer.from(text), sizes))) {
          found.push(...some.map((one): [number, string] => [one.number, one.text]));
        }
        const expected = lines.map((one, n): [number, string] => [n + 1, one.trim()]);
        expect(found).toEqual(expected.filter(([, one]) => one !== ''));
      }),
    );
  });

  it('reports a line that is not UTF-8, and reads on', async () => {
    const found = [];
    const bytes = Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from('fine')]);
    for await (const some of readLines(chunksOf(bytes, []))) found.push(...some);
    expect(found).toEqual([
      { number: 1, text: '', problem: 'The line is not valid UTF-8.' },
      { number: 2, text: 'fine' },
    ]);
  });
});

describe('pour', () => {
  const limits = { count: 2, bytes: 100, concurrency: 2 };
  const never = new AbortController().signal;

  it('stops reading while the maximum number of requests is being sent', async () => {
    const waiting: (() => void)[] = [];
    let read = 0;
    async function* chunks() {
      for (; read < 50; ) {
        read++;
        yield [read, read];
      }
    }
    let mostAhead = 0;
    let sent = 0;
    const done = pour(chunks(), {
      limits,
      bytesOf: () => 1,
      stop: never,
      send: async () => {
        sent++;
        mostAhead = Math.max(mostAhead, read - sent);
        const answered = new Promise<void>((resolve) => waiting.push(resolve));
        if (waiting.length === limits.concurrency) waiting.splice(0).forEach((answer) => void answer());
        await answered;
      },
    });
    expect(await done).toEqual([]);
    expect(sent).toBe(50);
    expect(mostAhead).toBeLessThanOrEqual(1);
  });

  it('keeps batches within the limits of count and bytes, and loses no item', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(fc.integer({ min: 1, max: 60 }))), async (chunks) => {
        const batches: number[][] = [];
        await pour(
          (async function* () {
            yield* chunks;
          })(),
          {
            limits,
            bytesOf: (item) => item,
            stop: never,
            send: async (batch) => void batches.push([...batch]),
          },
        );
        expect(batches.flat()).toEqual(chunks.flat());
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(limits.count);
          expect(batch.length === 1 || batch.reduce((sum, item) => sum + item, 0) <= limits.bytes).toBe(true);
        }
      }),
    );
  });

  it('returns the items that it read and did not send when it is stopped', async () => {
    const stop = new AbortController();
    const unsent = await pour(
      (async function* () {
        yield [1, 2, 3, 4, 5];
        yield [6];
      })(),
      { limits, bytesOf: () => 1, stop: stop.signal, send: async () => stop.abort() },
    );
    expect(unsent).toEqual([3, 4, 5]);
  });

  it('rejects with the error of `send`, once the other sends have settled', async () => {
    const second = Promise.withResolvers<void>();
    const settled: number[] = [];
    const run = pour(
      (async function* () {
        yield [1, 1, 2, 2];
      })(),
      {
        limits,
        bytesOf: () => 1,
        stop: never,
        send: async ([item = 0]) => {
          if (item === 1) {
            await second.promise;
            throw new Error('broken');
          }
          second.resolve();
          await new Promise<void>((resolve) => setImmediate(resolve));
          settled.push(item);
        },
      },
    );
    await expect(run).rejects.toThrow('broken');
    expect(settled).toEqual([2]);
  });
});

describe('progress', () => {
  function terminal(isTerminal: boolean) {
    let drawn = '';
    let nowMs = 0;
    const stderr: World['stderr'] = {
      isTerminal,
      columns: 60,
      write: async (text) => {
        drawn += text;
      },
      paint: (_, text) => text,
    };
    return {
      world: { stderr, now: () => nowMs },
      drawn: () => drawn,
      pass: (ms: number) => {
        nowMs += ms;
      },
    };
  }

  it('draws a bar with counts and rate, at most ten times per second, and removes it', () => {
    const { world, drawn, pass } = terminal(true);
    const progress = createProgress(world, { enabled: true, totalBytes: 1000 });
    pass(1000);
    progress.update({ answered: 1500, rejected: 2, bytesRead: 500 });
    progress.update({ answered: 1600, rejected: 2, bytesRead: 600 });
    progress.clear();
    expect(drawn()).toBe('\r\u001b[K████████████░░░░░░░░░░░░  50%  1,500 events  1,500/s  2 rej\r\u001b[K');
  });

  it('draws nothing without a terminal', () => {
    const { world, drawn } = terminal(false);
    const progress = createProgress(world, { enabled: true, totalBytes: 1000 });
    progress.update({ answered: 1, rejected: 0, bytesRead: 1 });
    progress.note('waiting');
    progress.clear();
    expect(drawn()).toBe('');
  });
});
