import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import {
  earlierSecretsMax,
  keptSecrets,
  replaceSecret,
  rotateSecretSchema,
  type Secrets,
  secretOverlapSecondsMax,
} from '../../../lib/core/registry/secret.ts';
import { refusalOf } from '../refusal.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(nowMs + seconds * 1000).toISOString();
const rotate = (was: Secrets, secret: string, overlapSeconds: number, earlierId = `before ${secret}`) =>
  replaceSecret(was, { secret, earlierId, overlapSeconds }, nowMs);
const earlier = (...untils: [id: string, seconds: number][]) => ({
  earlierSecrets: untils.map(([id, seconds]) => ({ id, until: at(seconds) })),
});

describe('a secret that takes the place of another', () => {
  it.each<[string, Secrets, string, number, Secrets]>([
    [
      'leaves the other one until the overlap is over',
      { secret: 'a' },
      'b',
      60,
      { secret: 'b', ...earlier(['before b', 60]) },
    ],
    [
      'leaves those before it their own time',
      { secret: 'b', ...earlier(['x', 10]) },
      'c',
      60,
      { secret: 'c', ...earlier(['x', 10], ['before c', 60]) },
    ],
    [
      'forgets those whose time is over',
      { secret: 'b', ...earlier(['x', 0]) },
      'c',
      60,
      { secret: 'c', ...earlier(['before c', 60]) },
    ],
    ['without an overlap ends all', { secret: 'b', ...earlier(['x', 10]) }, 'c', 0, { secret: 'c' }],
    [
      'which is the same changes nothing',
      { secret: 'b', ...earlier(['x', 10]) },
      'b',
      60,
      { secret: 'b', ...earlier(['x', 10]) },
    ],
    [
      'which is the same without an overlap ends the others',
      { secret: 'b', ...earlier(['x', 10]) },
      'b',
      0,
      { secret: 'b' },
    ],
  ])('%s', (_, was, secret, overlapSeconds, secrets) => {
    expect(rotate(was, secret, overlapSeconds)).toEqual(secrets);
  });

  it('pushes out the one that ends first when too many would sign', () => {
    const many = Array.from({ length: earlierSecretsMax }, (_, n): [string, number] => [`${n}`, 9 - n]);
    const last = String(earlierSecretsMax - 1);
    const { earlierSecrets = [] } = rotate({ secret: 'z', ...earlier(...many) }, 'new', 60);
    expect(earlierSecrets).toHaveLength(earlierSecretsMax);
    expect(earlierSecrets.map(({ id }) => id)).not.toContain(last);
    expect(earlierSecrets.at(-1)).toEqual({ id: 'before new', until: at(60) });
  });
});

it('keeps only the secrets that still sign', () => {
  expect(keptSecrets({ secret: 'a', ...earlier(['x', 0], ['y', 1]) }, nowMs)).toEqual({
    secret: 'a',
    ...earlier(['y', 1]),
  });
  expect(keptSecrets({ secret: 'a', ...earlier(['x', -5]) }, nowMs)).toEqual({ secret: 'a' });
});

it.each([
  [{ secret: 'hunter2' }, 'secret'],
  [{ overlapSeconds: -1 }, 'overlapSeconds'],
  [{ overlapSeconds: secretOverlapSecondsMax + 1 }, 'overlapSeconds'],
  [{ overlap: 5 }, 'overlap'],
])('refuses %j, and does not repeat a secret', (body, path) => {
  const refusal = refusalOf(() => parseSpec(rotateSecretSchema, body));
  expect(refusal).toMatchObject({ code: 'invalid_request', fields: [{ path }] });
  expect(refusal.message).not.toContain('hunter2');
});
