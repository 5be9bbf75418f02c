/**
 * Regenerates filter-policy.jsonl: policies and bodies generated from a seed, judged by AWS's own event-ruler. Run
 * `node test/stand-in/vectors/generate-filter-policy.ts`; it needs a JDK of 17 or later and Maven. The tests need
 * neither, because they read the committed file.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFilterPolicy } from '../../../lib/stand-in/engines/sns/filter-policy/index.ts';
import { seededRandom } from '../../../lib/stand-in/random.ts';

const here = import.meta.dirname;
const random = seededRandom(20_260);
const pick = <T>(...choices: readonly T[]): T => {
  const choice = choices[Math.floor(random.next() * choices.length)];
  if (choice === undefined) throw new Error('There is nothing to pick from.');
  return choice;
};
const many = <T>(min: number, max: number, make: () => T): T[] =>
  Array.from({ length: min + Math.floor(random.next() * (max - min + 1)) }, make);

// Small alphabets, so that policies match bodies often enough. Known differences between SNS and the library are left
// out: `exists` over null and empty values, numbers beyond 10^9, and blocks of one address family over the other.
const names = ['a', 'b', 'a.b'];
const text = () => pick('x', 'y', 'xy', 'yx', 'xyz', 'XY', 'x*y', 'x y', '10.0.0.7', '10.0.1.9', 'äö', 'ÄÖ');
const number = () => pick(0, 1, -1, 1.5, 2, 10, 99.99, 100, 0.00001, 250_000_000);
const wildcard = () => pick('*', 'x*', '*y', 'x*y', '*y*', 'x*y*z', 'x\\*y', 'xy', '*x*y*');

function numericRange(): unknown[] {
  const [low, high] = [number(), number()].sort((left, right) => left - right);
  const single = () => [pick('=', '<', '<=', '>', '>='), number()];
  return low === high ? single() : pick(single(), [pick('>', '>='), low, pick('<', '<='), high]);
}

function value(existence: boolean): unknown {
  const anythingBut = (operand: unknown) => ({ 'anything-but': operand });
  const choices: (() => unknown)[] = [
    text,
    text,
    number,
    () => pick(true, false, null),
    () => ({ prefix: pick('', 'x', 'xy', '10.') }),
    () => ({ suffix: pick('', 'y', 'yz', '.7') }),
    () => ({ 'equals-ignore-case': text() }),
    () => ({ wildcard: wildcard() }),
    () => ({ numeric: numericRange() }),
    () => ({ cidr: pick('10.0.0.0/24', '10.0.0.0/8', '10.0.0.4/30') }),
    () => anythingBut(text()),
    () => anythingBut(many(1, 3, text)),
    () => anythingBut(number()),
    () => anythingBut(many(1, 3, number)),
    () => anythingBut({ prefix: pick('x', 'xy') }),
    () => anythingBut({ prefix: many(1, 2, () => pick('x', 'xy', 'y')) }),
    () => anythingBut({ suffix: pick('y', 'z') }),
    () => anythingBut({ suffix: many(1, 2, () => pick('x', 'y', 'z')) }),
    () => anythingBut({ 'equals-ignore-case': text() }),
    () => anythingBut({ 'equals-ignore-case': many(1, 3, text) }),
    () => anythingBut({ wildcard: wildcard() }),
    () => anythingBut({ wildcard: many(1, 2, wildcard) }),
  ];
  return existence && random.next() < 0.25 ? { exists: pick(true, false) } : pick(...choices)();
}

function policy(existence: boolean, depth: number): Record<string, unknown> {
  const entries = many(1, pick(1, 1, 2), (): [string, unknown] => {
    const nested = depth < 2 && random.next() < 0.2;
    return [pick(...names), nested ? policy(existence, depth + 1) : many(1, 3, () => value(existence))];
  });
  if (depth < 2 && random.next() < 0.2) {
    entries.push(['$or', many(2, 3, () => policy(existence, depth + 1))]);
  }
  return Object.fromEntries(entries);
}

function item(existence: boolean, depth: number): unknown {
  if (depth < 3 && random.next() < 0.35) return body(existence, depth + 1);
  if (depth < 3 && random.next() < 0.35) return many(0, 3, () => item(existence, depth + 1));
  return existence
    ? pick<unknown>(text(), number(), true, false)
    : pick<unknown>(text(), text(), number(), true, null, '');
}

function body(existence: boolean, depth: number): Record<string, unknown> {
  return Object.fromEntries(many(1, 4, () => [pick(...names), item(existence, depth)]));
}

const rejected: unknown[] = [
  [],
  {},
  { a: {} },
  { a: [] },
  { a: 'x' },
  { a: 1 },
  { a: [['x']] },
  { a: [{}] },
  { a: [{ unknown: 1 }] },
  { a: [{ prefix: 'x', suffix: 'y' }] },
  { a: [{ prefix: 1 }] },
  { a: [{ suffix: null }] },
  { a: [{ 'equals-ignore-case': 1 }] },
  { a: [{ wildcard: 1 }] },
  { a: [{ wildcard: 'a**b' }] },
  { a: [{ wildcard: 'ä\\b' }] },
  { a: [{ exists: 'no' }] },
  { a: [{ numeric: 1 }] },
  { a: [{ numeric: [] }] },
  { a: [{ numeric: ['like', 1] }] },
  { a: [{ numeric: ['=', 'x'] }] },
  { a: [{ numeric: ['>='] }] },
  { a: [{ numeric: ['=', 1, 2] }] },
  { a: [{ numeric: ['<', 1, '>', 0] }] },
  { a: [{ numeric: ['>', 1, '>', 2] }] },
  { a: [{ numeric: ['>', 1, 2] }] },
  { a: [{ numeric: ['>', 1, '<', 'x'] }] },
  { a: [{ numeric: ['>', 2, '<', 1] }] },
  { a: [{ numeric: ['>', 1, '<', 1] }] },
  { a: [{ numeric: ['>', 1, '<', 2, '<', 3] }] },
  { a: [{ cidr: 1 }] },
  { a: [{ cidr: '10.0.0.0' }] },
  { a: [{ cidr: '10.0.0.0/x' }] },
  { a: [{ cidr: '10.0.0.0/-1' }] },
  { a: [{ cidr: '10.0.0.0/32' }] },
  { a: [{ cidr: '::1/128' }] },
  { a: [{ cidr: 'host/8' }] },
  { a: [{ cidr: '10.0.0.999/8' }] },
  { a: [{ 'anything-but': [] }] },
  { a: [{ 'anything-but': true }] },
  { a: [{ 'anything-but': ['x', 1] }] },
  { a: [{ 'anything-but': [null] }] },
  { a: [{ 'anything-but': { exists: true } }] },
  { a: [{ 'anything-but': { prefix: '' } }] },
  { a: [{ 'anything-but': {} }] },
  { $or: [{ a: ['x'] }] },
  { $or: 'x' },
];

/** The limits are those of SNS, not of the library, so policies beyond them are no vectors. */
function isTooLarge(candidate: Record<string, unknown>): boolean {
  try {
    compileFilterPolicy(JSON.stringify(candidate), 'MessageBody');
    return false;
  } catch (error) {
    return error instanceof Error && /too complex|more than 5 keys/.test(error.message);
  }
}

function smallPolicy(existence: boolean): Record<string, unknown> {
  for (;;) {
    const candidate = policy(existence, 0);
    if (!isTooLarge(candidate)) return candidate;
  }
}

const vectors = [
  ...rejected.map((wrong) => ({ policy: wrong, body: { a: 'x' } })),
  ...Array.from({ length: 1500 }, (_, index) => {
    const existence = index % 3 === 0;
    return { policy: smallPolicy(existence), body: body(existence, 0) };
  }),
];

const work = mkdtempSync(join(tmpdir(), 'filter-policy-'));
try {
  const classpathFile = join(work, 'classpath');
  execFileSync('mvn', [
    '-q',
    '-f',
    join(here, 'oracle/pom.xml'),
    'dependency:build-classpath',
    `-Dmdep.outputFile=${classpathFile}`,
  ]);
  const judged = execFileSync(
    'java',
    ['-cp', readFileSync(classpathFile, 'utf8').trim(), join(here, 'oracle/FilterPolicyOracle.java')],
    {
      input: vectors.map((vector) => JSON.stringify(vector)).join('\n'),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    },
  );
  writeFileSync(join(here, 'filter-policy.jsonl'), judged);
} finally {
  rmSync(work, { recursive: true });
}
