import { describe, expect, it } from 'vitest';
import { dropOf, subscribedAgain, withDrop } from '../../../lib/core/registry/drop.ts';
import { keptFlow, patchedFlow } from '../../../lib/core/registry/flow.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';

const receiver = { receiver: 'billing', endpoint: 'https://a.example', state: 'active' } as Receiver;
const day = 24 * 3600 * 1000;
const at = '2026-03-01T12:00:00.000Z';
const atMs = Date.parse(at);
const dropping = withDrop(receiver, 'orders', at, atMs);

describe('a drop', () => {
  it('is of everything of its topic until the receiver is subscribed again, and of nothing that came by that', () => {
    const again = subscribedAgain(dropping, 'orders', atMs + 60_000);
    for (const [of, topic, enteredAtMs, isDropped] of [
      [dropping, 'orders', atMs - day, true],
      [dropping, 'orders', atMs + day, true],
      [dropping, 'returns', atMs - day, false],
      [dropping, undefined, atMs - day, false],
      [receiver, 'orders', atMs - day, false],
      [again, 'orders', atMs + 59_999, true],
      [again, 'orders', atMs + 60_000, false],
    ] as const) {
      expect([topic, enteredAtMs, dropOf(of, topic, enteredAtMs) !== undefined]).toEqual([
        topic,
        enteredAtMs,
        isDropped,
      ]);
    }
  });

  it('covers what waited when it was revoked, however soon the receiver is subscribed again', () => {
    const again = subscribedAgain(dropping, 'orders', atMs - 5000);
    expect(dropOf(again, 'orders', atMs - 1)).toBeDefined();
    expect(dropOf(again, 'orders', atMs)).toBeUndefined();
  });

  it('is not opened again by the same revocation, and is by a later one', () => {
    const again = subscribedAgain(dropping, 'orders', atMs + 1000);
    expect(withDrop(again, 'orders', at, atMs + 2000)).toBe(again);
    const later = '2026-03-02T12:00:00.000Z';
    expect(withDrop(again, 'orders', later, Date.parse(later)).drops).toEqual([
      { topic: 'orders', at: later },
    ]);
  });

  it('is forgotten when nothing can wait any more, once there is another', () => {
    const much = withDrop(dropping, 'returns', '2026-05-01T12:00:00.000Z', atMs + 61 * day);
    expect(much.drops).toEqual([{ topic: 'returns', at: '2026-05-01T12:00:00.000Z' }]);
    expect(withDrop(dropping, 'returns', at, atMs + day).drops).toHaveLength(2);
  });

  it('outlasts a change of the settings', () => {
    expect(keptFlow(dropping).drops).toEqual(dropping.drops);
    expect(patchedFlow({ ...dropping, state: 'paused' }, 'https://b.example').drops).toEqual(dropping.drops);
    expect(subscribedAgain(receiver, 'orders', atMs)).toBe(receiver);
  });
});
