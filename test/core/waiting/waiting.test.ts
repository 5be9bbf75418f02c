import { expect, it } from 'vitest';
import {
  noteOf,
  readPosition,
  sectionName,
  sectionNamed,
  sectionsOf,
  writePosition,
} from '../../../lib/core/waiting/waiting.ts';

const hourMs = 3600_000;

it('has a name for each section, from which it is made again', () => {
  const all = [...sectionsOf({ receiver: 'billing' }), ...sectionsOf({ topic: 'orders' })];
  expect(all.map(sectionName)).toEqual([
    'receiver/billing/delayed',
    'receiver/billing/open',
    'topic/orders/delayed',
    'topic/orders/held',
    'topic/orders/open',
  ]);
  expect(all.map(sectionName).map(sectionNamed)).toEqual(all);
  for (const name of ['', 'topic/orders', 'topic//open', 'topic/orders/late', 'receiver/billing/held'])
    expect(sectionNamed(name)).toBeUndefined();
});

it('reads the positions that it writes', () => {
  const section = { target: { topic: 'orders' }, state: 'open' } as const;
  const positions = [
    { owner: 'shop', section, place: 'open#2026-01-01T00:00:00.000Z#a/b~3' },
    { owner: 'shop', section, place: undefined },
    { owner: '*', section: undefined, place: undefined },
  ];
  expect(positions.map(writePosition).map(readPosition)).toMatchObject(positions);
  expect(readPosition('')).toBeUndefined();
});

it('notes a section for at least as long as something may wait there, until the note is written again', () => {
  for (const hours of [0, 1, 23, 24, 25, 24 * 31, 24 * 33, 24 * 3652]) {
    const untilMs = hours * hourMs;
    const { renewMs, expiresAtSeconds } = noteOf(0, untilMs);
    expect(expiresAtSeconds * 1000).toBeGreaterThanOrEqual(renewMs + untilMs);
  }
  expect(noteOf(0, undefined)).toEqual(noteOf(0, 3652 * 24 * hourMs));
  expect([1, 25, 24 * 40].map((hours) => noteOf(0, hours * hourMs).span)).toEqual([0, 1, 2]);
});
