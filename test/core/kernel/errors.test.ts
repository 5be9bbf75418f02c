import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BusbarError, type ErrorCode, problemOf } from '../../../lib/core/kernel/errors.ts';

const source = readFileSync(join(import.meta.dirname, '../../../lib/core/kernel/errors.ts'), 'utf8');
/** The codes as they stand in the table: a code that is only in the type would have no status. */
const codes = [...source.matchAll(/^ {2}(\w+): \[/gm)].map(([, code]) => code as ErrorCode);

describe('every code', () => {
  it('is found in the table', () => {
    expect(codes.length).toBeGreaterThan(15);
    expect(codes).toContain('malformed_json');
    expect(codes).toContain('unavailable');
  });

  it.each(codes)('%s has a status, a title and a type of its own', (code) => {
    const problem = problemOf(new BusbarError(code, 'Cause. Solution.'));
    expect(problem).toEqual({
      type: `urn:busbar:problem:${code}`,
      title: expect.stringMatching(/^[A-Z].*[^.]$/),
      status: expect.any(Number),
      detail: 'Cause. Solution.',
      code,
    });
    expect(problem.status).toBeGreaterThanOrEqual(400);
    expect(problem.status).toBeLessThan(600);
    expect(URL.canParse(problem.type)).toBe(true);
  });
});

describe('a problem document (RFC 9457)', () => {
  it('names wrong fields and carries further members', () => {
    const error = new BusbarError('invalid_request', 'name: is wrong.', {
      fields: [{ path: 'name', detail: 'is wrong' }],
      members: { events: [] },
    });
    expect(problemOf(error)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      errors: [{ path: 'name', detail: 'is wrong' }],
      events: [],
    });
  });

  it('has no list of errors where no field is wrong', () => {
    expect(problemOf(new BusbarError('forbidden', 'No.'))).not.toHaveProperty('errors');
  });
});

it.each<[ErrorCode, boolean]>([
  ['unavailable', true],
  ['internal', true],
  ['claimed', true],
  ['invalid_event', false],
  ['unauthorized', false],
  ['in_use', false],
])('%s is worth another try: %s', (code, retryable) => {
  expect(new BusbarError(code, 'x').retryable).toBe(retryable);
});

it('keeps its cause', () => {
  const cause = new Error('disk full');
  expect(new BusbarError('internal', 'x', { cause }).cause).toBe(cause);
});
