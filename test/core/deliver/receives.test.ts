import { describe, expect, it } from 'vitest';
import { retriesMax } from '../../../lib/core/deliver/limits.ts';
import { poisonReceivesMax, unsentWaitSeconds } from '../../../lib/core/deliver/receives.ts';
import { isLookDue, type Look } from '../../../lib/core/hold/look.ts';
import { aws } from '../../../lib/core/kernel/limits.ts';

const visibility = 360;
const kept = aws.sqs.retentionSecondsMax;

/**
 * The receives of a message over the life of its queue: it goes back unsent whenever it is received, which happens as soon
 * as it is visible, and rules look every minute at what is visible.
 */
function receivesIn14Days(wantedSeconds: number | undefined, rulesLook: boolean): number {
  let receives = 0;
  let visibleAt = 0;
  let last: Look | undefined;
  for (let now = 0; now < kept; now++) {
    if (now < visibleAt) continue;
    if (rulesLook && now % 60 === 0 && isLookDue(last, 1, now * 1000)) {
      receives += 1;
      last = { atMs: now * 1000, oldestSeconds: now, waitedSeconds: now, inAll: 1 };
      continue;
    }
    receives += 1;
    visibleAt = now + (unsentWaitSeconds(receives, wantedSeconds, visibility) ?? visibility);
  }
  return receives;
}

describe('a message that goes back unsent', () => {
  it('waits for as long as is wanted the first hundred times', () => {
    for (const receives of [1, 50, 100]) {
      expect(unsentWaitSeconds(receives, 0, visibility)).toBe(0);
      expect(unsentWaitSeconds(receives, 10, visibility)).toBe(10);
      expect(unsentWaitSeconds(receives, undefined, visibility)).toBeUndefined();
    }
  });

  it('waits longer each time from then on, and never less than is wanted', () => {
    expect(unsentWaitSeconds(101, 0, visibility)).toBe(10);
    expect(unsentWaitSeconds(400, 10, visibility)).toBe(3000);
    expect(unsentWaitSeconds(400, 7200, visibility)).toBe(7200);
    // Nothing wanted is the visibility timeout.
    expect(unsentWaitSeconds(130, undefined, visibility)).toBeUndefined();
    expect(unsentWaitSeconds(137, undefined, visibility)).toBe(370);
  });

  it.each([0, 1, 5, 10, 60, 900, undefined])(
    'is never taken for poison in the 14 days of its queue, wanted for %s s, with rules that look and with every attempt',
    (wanted) => {
      for (const rulesLook of [false, true]) {
        expect(receivesIn14Days(wanted, rulesLook) + retriesMax + 1).toBeLessThan(poisonReceivesMax);
      }
    },
  );
});

describe('a look into the lanes', () => {
  const look = (oldestSeconds: number, inAll = 10): Look => ({
    atMs: 0,
    oldestSeconds,
    waitedSeconds: 0,
    inAll,
  });
  const due = (last: Look, inAll: number, seconds: number) => isLookDue(last, inAll, seconds * 1000);

  it('is due at once where nobody looked, and every minute while what waits is young', () => {
    expect(isLookDue(undefined, 1, 0)).toBe(true);
    expect(due(look(30), 10, 49)).toBe(false);
    expect(due(look(30), 10, 50)).toBe(true);
  });

  it('is due after a tenth of the age, and after three hours at most', () => {
    expect(due(look(6000), 10, 599)).toBe(false);
    expect(due(look(6000), 10, 600)).toBe(true);
    expect(due(look(kept), 10, 3 * 3600 - 1)).toBe(false);
    expect(due(look(kept), 10, 3 * 3600)).toBe(true);
  });

  it('is due when more than half of what was there is gone', () => {
    expect(due(look(kept), 5, 60)).toBe(false);
    expect(due(look(kept), 4, 60)).toBe(true);
  });

  it('takes few receives of a message that nobody delivers', () => {
    let looks = 0;
    let last: Look | undefined;
    for (let now = 0; now < kept; now += 60) {
      if (!isLookDue(last, 1, now * 1000)) continue;
      looks += 1;
      last = { atMs: now * 1000, oldestSeconds: now, waitedSeconds: now, inAll: 1 };
    }
    expect(looks).toBeLessThan(210);
  });
});
