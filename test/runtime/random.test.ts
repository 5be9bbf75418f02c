import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../lib/runtime/random.ts';

describe('random bytes', () => {
  it('come in the length asked for, and never twice', () => {
    const seen = new Set<string>();
    for (let n = 0; n < 2000; n++) {
      const bytes = systemRandom.bytes(16);
      expect(bytes).toHaveLength(16);
      seen.add(Buffer.from(bytes).toString('hex'));
    }
    expect(seen.size).toBe(2000);
  });

  it('keep their value when more are drawn', () => {
    const first = systemRandom.bytes(32);
    const copy = Buffer.from(first).toString('hex');
    for (let n = 0; n < 500; n++) systemRandom.bytes(32);
    expect(Buffer.from(first).toString('hex')).toBe(copy);
    expect(copy).not.toBe('00'.repeat(32));
  });

  it('come in any length, also beyond what is drawn in advance', () => {
    for (const length of [0, 1, 4095, 4096, 4097, 10_000])
      expect(systemRandom.bytes(length)).toHaveLength(length);
  });
});
