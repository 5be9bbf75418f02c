import { expect, it } from 'vitest';
import * as real from 'zod';
import * as onDemand from '../../../lib/runtime/shims/zod.ts';

/** Schemas of every form that the registry uses. */
function schemasOf(z: typeof real) {
  const name = z
    .string()
    .min(1)
    .max(8)
    .regex(/^[a-z]+$/, 'must be small letters');
  const base = z.strictObject({ name, secret: z.string().optional(), tags: z.array(name).max(2).optional() });
  return {
    name,
    base,
    without: base.omit({ secret: true }),
    more: base
      .extend({ at: z.iso.datetime({ offset: true }).optional(), size: z.int().min(1).default(3) })
      .superRefine(({ tags = [] }, context) => {
        if (tags.includes('bad')) context.addIssue({ code: 'custom', path: ['tags'], message: 'is bad' });
      }),
    shape: z.object({ ...base.shape, kind: z.enum(['a', 'b']) }),
    choice: z.union([z.literal(false), z.record(z.string(), z.number().min(0.5)), z.boolean()]),
    told: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), a: name }),
      z.looseObject({ kind: z.literal('b'), b: z.unknown() }),
    ]),
    upper: name.transform((text) => text.toUpperCase()),
    even: z.number().refine((value) => value % 2 === 0, { error: 'must be even' }),
  };
}

const values: readonly unknown[] = [
  'abc',
  'ABC',
  '',
  3,
  4,
  false,
  null,
  { name: 'abc' },
  { name: 'abc', secret: 's', other: 1 },
  { name: 'abc', tags: ['a', 'b', 'c'] },
  { name: 'abc', tags: ['bad'], at: '2026-01-31T12:00:00+01:00', size: 0 },
  { name: 'abc', kind: 'b' },
  { kind: 'a', a: 'abc' },
  { kind: 'b', b: 1, c: 2 },
  { kind: 'c' },
  { x: 1 },
  { x: 0.1 },
];

it('parses as zod does', () => {
  const made = schemasOf(onDemand as unknown as typeof real);
  const expected = schemasOf(real);
  for (const [name, schema] of Object.entries(expected)) {
    const noted = made[name as keyof typeof made] as typeof schema;
    for (const value of values) {
      const { success, data, error } = noted.safeParse(value);
      const other = schema.safeParse(value);
      expect({ success, data, issues: error?.issues }, `${name} of ${JSON.stringify(value)}`).toEqual({
        success: other.success,
        data: other.data,
        issues: other.error?.issues,
      });
    }
  }
});

it('makes a schema once, when it is needed', () => {
  const z = onDemand as unknown as typeof real;
  let made = 0;
  const schema = z.string().superRefine(() => {
    made += 1;
  });
  expect(made).toBe(0);
  expect(z.object({ schema }).shape.schema).toBe(z.object({ schema }).shape.schema);
  schema.parse('a');
  expect(made).toBe(1);
});
