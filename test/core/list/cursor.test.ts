import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCursor, writeCursor } from '../../../lib/core/list/cursor.ts';
import { refusalOf } from '../refusal.ts';

const refused = {
  code: 'invalid_request',
  fields: [{ path: 'cursor', detail: 'is not a cursor returned by this API' }],
};

describe('a cursor', () => {
  it('leads back to its position, whatever the position is', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), text, (list, position) => {
        expect(readCursor(list, writeCursor(list, position))).toBe(position);
      }),
    );
  });

  it('that is left out is the start of the list', () => {
    expect(readCursor(['topics'], undefined)).toBe('');
  });

  it('of another list, or of another caller, is refused', () => {
    const cursor = writeCursor(['receivers', 'shop'], 'billing');
    for (const list of [['receivers', '*'], ['receivers', 'crm'], ['schedules', 'shop'], ['receivers']]) {
      expect(refusalOf(() => readCursor(list, cursor))).toMatchObject(refused);
    }
  });

  it('that was changed or made up is refused', () => {
    const cursor = writeCursor(['topics'], 'orders');
    const made = [
      '',
      'x',
      'A B',
      'orders',
      '%00',
      `${cursor}A`,
      `${cursor}=`,
      cursor.slice(0, -1),
      cursor.slice(1),
      cursor.slice(0, 8),
      'A'.repeat(100_000),
      ...[...cursor].map(
        (letter, at) => `${cursor.slice(0, at)}${letter === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`,
      ),
    ];
    for (const text of made) expect(refusalOf(() => readCursor(['topics'], text))).toMatchObject(refused);
  });
});
