import { describe, expect, it } from 'vitest';
import { judgeEndurance, type Sample } from '../../bench/soak/verdict.ts';
import { trendOf } from '../../bench/statistics.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';

const random = seededRandom(11);
const noise = (amplitude: number) => (random.next() - 0.5) * 2 * amplitude;

/** Ten minutes in intervals of 10 s at 1,000 deliveries per second. Members of a sample are functions of the minute. */
function series(
  members: Partial<Record<keyof Sample, (minute: number) => number>> = {},
  count = 60,
): Sample[] {
  return Array.from({ length: count }, (_, n) => {
    const minute = n / 6;
    const steady: Sample = {
      atSeconds: n * 10,
      heapMb: 120 + noise(6),
      rssMb: 300 + noise(20),
      rows: 0,
      backlog: 400 + noise(200),
      deliveredPerSecond: 1000,
      shed: 0,
      p50Ms: 8 + noise(2),
      p99Ms: 90 + noise(40),
    };
    const changed = Object.entries(members).map(([name, at]) => [name, at(minute)]);
    return { ...steady, ...Object.fromEntries(changed) };
  });
}

/** The names of the rules that are not met. */
const broken = (samples: readonly Sample[]) =>
  judgeEndurance(samples, 1000)
    .filter(({ result }) => result !== 'met')
    .map(({ rule, result }) => `${result}: ${rule.split(/[:,]/)[0]}`);

describe('the verdict on endurance', () => {
  it.each<[string, Sample[], string[]]>([
    ['passes flat and noisy samples', series(), []],
    [
      'passes single outliers',
      series({ heapMb: (minute) => (Math.round(minute * 6) % 7 === 3 ? 400 : 120 + noise(6)) }),
      [],
    ],
    [
      'passes growth during the warm-up',
      series({ heapMb: (minute) => 120 - 60 * Math.exp(-3 * minute) + noise(3) }),
      [],
    ],
    [
      'passes falling values',
      series({ heapMb: (minute) => 200 - 5 * minute, backlog: (minute) => 9000 - 900 * minute }),
      [],
    ],
    [
      'fails a noisy leak of 2 MB per minute',
      series({ heapMb: (minute) => 120 + 2 * minute + noise(6) }),
      ['not met: flat memory'],
    ],
    [
      'fails a slow leak that is a tenth of the heap over the run',
      series({ heapMb: (minute) => 50 + 0.9 * minute + noise(1) }),
      ['not met: flat memory'],
    ],
    [
      'passes growth that is certain but too small to matter',
      series({ heapMb: (minute) => 120 + 0.3 * minute }),
      [],
    ],
    [
      'does not count the memory of table rows',
      series({ heapMb: (minute) => 120 + 3 * minute + noise(3), rows: (minute) => 1536 * minute }),
      [],
    ],
    [
      'fails growth beyond the rows',
      series({ heapMb: (minute) => 120 + 6 * minute + noise(3), rows: (minute) => 1536 * minute }),
      ['not met: flat memory'],
    ],
    [
      'fails a backlog that grows',
      series({ backlog: (minute) => 400 + 1000 * minute + noise(300) }),
      ['not met: no growing backlog'],
    ],
    [
      'passes a backlog that comes and goes',
      series({ backlog: (minute) => 400 + 3000 * (Math.round(minute * 6) % 6 === 0 ? 1 : 0) }),
      [],
    ],
    ['fails a p50 that grows', series({ p50Ms: (minute) => 8 + 20 * minute }), ['not met: stable latency']],
    ['fails a p99 that grows', series({ p99Ms: (minute) => 90 + 60 * minute }), ['not met: stable latency']],
    [
      'fails refused load',
      series({ shed: () => 200 }),
      ['not met: at most 1 % of the load refused with 429'],
    ],
  ])('%s', (_name, samples, expected) => expect(broken(samples)).toEqual(expected));

  it('does not judge a run that is too short', () => {
    expect(judgeEndurance(series({}, 11), 1000).map(({ result }) => result)).toEqual(
      Array(4).fill('unknown'),
    );
    expect(judgeEndurance(series({}, 12), 1000).map(({ result }) => result)).toEqual(Array(4).fill('met'));
    expect(judgeEndurance([], 1000).map(({ result }) => result)).toEqual(Array(4).fill('unknown'));
  });
});

describe('a trend', () => {
  it('of points on a line is certain', () => {
    expect(trendOf([0, 1, 2, 3, 4, 5].map((x) => [x, 3 * x + 1]))).toEqual({
      slope: 3,
      atLeast: 3,
      atMost: 3,
    });
  });

  it('is robust against a quarter of outliers', () => {
    const points = Array.from({ length: 40 }, (_, x) => [x, x % 5 === 0 ? 1000 : 2 * x] as const);
    expect(trendOf(points).slope).toBeCloseTo(2, 0);
  });

  it('of noise is uncertain', () => {
    const { atLeast, atMost } = trendOf(Array.from({ length: 40 }, (_, x) => [x, noise(10)] as const));
    expect(atLeast).toBeLessThan(0);
    expect(atMost).toBeGreaterThan(0);
  });

  it('needs three points', () =>
    expect(() =>
      trendOf([
        [0, 1],
        [1, 2],
      ]),
    ).toThrow(/three/));
});
