import { describe, expect, it } from 'vitest';
import {
  type Acting,
  actingOn,
  actorOf,
  incarnationOf,
  isOfLifetime,
  type Lifetime,
  mayAct,
  mayUse,
} from '../../../lib/core/access/acting.ts';

const createdAt = '2026-01-31T12:00:00.000Z';
const createdAtMs = Date.parse(createdAt);
const topic: Lifetime = { owner: 'shop', createdAt, incarnation: 'first' };
const shop = actorOf({ application: 'shop', role: 'member' });
const name = { topic: 'orders' };
const acting: Acting = actingOn(shop, topic);

describe('an incarnation', () => {
  it('is new for a new name, and stays while the name stands', () => {
    expect(incarnationOf(undefined, 'fresh')).toEqual({ incarnation: 'fresh' });
    expect(incarnationOf({ incarnation: 'first' }, 'fresh')).toEqual({ incarnation: 'first' });
    expect(incarnationOf({}, 'fresh')).toEqual({});
  });

  it('tells what belongs to the present lifetime of a name', () => {
    expect(isOfLifetime({ incarnation: 'first' }, 0, topic)).toBe(true);
    expect(isOfLifetime({ incarnation: 'second' }, createdAtMs + 1, topic)).toBe(false);
    expect(isOfLifetime({ incarnation: 'first' }, createdAtMs + 1, { createdAt })).toBe(false);
  });

  it('is the creation, for what was stored without one', () => {
    expect(isOfLifetime({}, createdAtMs, topic)).toBe(true);
    expect(isOfLifetime({}, createdAtMs - 1, topic)).toBe(false);
    expect(isOfLifetime({}, undefined, topic)).toBe(true);
  });
});

describe('a stored row', () => {
  it('acts while its target and the rights of its actor are what they were', () => {
    expect(mayAct(acting, createdAtMs, topic, name)).toEqual({ kind: 'act', checkAnew: false });
  });

  it.each<[string, Lifetime | undefined, string]>([
    ['was deleted', undefined, 'unknown_topic'],
    ['was made anew', { ...topic, incarnation: 'second' }, 'target_replaced'],
    ['was made anew by another', { ...topic, incarnation: 'second', owner: 'rival' }, 'target_replaced'],
    ['has another owner', { ...topic, owner: 'rival' }, 'forbidden'],
  ])('is refused when its target %s', (_, target, code) => {
    expect(mayAct(acting, createdAtMs, target, name)).toMatchObject({ kind: 'refuse', code });
  });

  it('is checked anew where its actor may act for any owner', () => {
    const ofAdmin = actingOn({ application: 'ops', role: 'admin' }, topic);

    expect(mayAct(ofAdmin, createdAtMs, { ...topic, owner: 'rival' }, name)).toEqual({
      kind: 'act',
      checkAnew: true,
    });
    expect(mayAct(ofAdmin, createdAtMs, { ...topic, incarnation: 'second' }, name)).toMatchObject({
      code: 'target_replaced',
    });
  });

  it('from before its actor was recorded acts on what stood when it was stored', () => {
    expect(mayAct(undefined, createdAtMs, { ...topic, owner: 'rival' }, name).kind).toBe('act');
    expect(mayAct(undefined, createdAtMs - 1, topic, name)).toMatchObject({ code: 'target_replaced' });
    expect(mayAct(undefined, createdAtMs, undefined, { receiver: 'crm' })).toMatchObject({
      code: 'unknown_receiver',
    });
  });
});

it('an actor may use what its application and its children own, and an admin everything', () => {
  expect(mayUse(shop, 'shop')).toBe(true);
  expect(mayUse(shop, 'rival')).toBe(false);
  expect(mayUse(shop, 'rival', ['rival'])).toBe(true);
  expect(mayUse({ application: 'ops', role: 'admin' }, 'rival')).toBe(true);
});

it('lets a stored row act for an application that the topic lets publish now, and for no other', () => {
  const rival = { ...acting, actor: { application: 'rival', role: 'member' } as const };
  expect(mayAct(rival, createdAtMs, topic, name)).toMatchObject({ kind: 'refuse', code: 'forbidden' });
  expect(mayAct(rival, createdAtMs, topic, name, { isGranted: true })).toMatchObject({ kind: 'act' });
});
