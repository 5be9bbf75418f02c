import { describe, expect, it, vi } from 'vitest';
import { countingMeter } from '../../../lib/stand-in/meter.ts';
import { checkers } from '../checkers/index.ts';
import { simulate } from '../simulate.ts';
import { buildMutant } from './build.ts';
import { complaints, control } from './hunt.ts';
import { mutants } from './index.ts';
import { conditions, mutate } from './mutant.ts';

vi.setConfig({ testTimeout: 180_000 });

describe('the simulation finds', () => {
  it('a meter that forgets the first of each unit', async () => {
    const under = conditions({}, { focus: { publish: 1 } });
    const meter = countingMeter();
    const forgotten = new Set<string>();
    const forgetful: typeof meter = {
      ...meter,
      count(unit, quantity) {
        if (forgotten.has(unit)) meter.count(unit, quantity);
        forgotten.add(unit);
      },
    };
    const { seeds: _, ...options } = under;
    const result = await simulate({ ...options, seed: '1', meter: forgetful });
    expect(complaints(result)).toEqual(['bill']);
    for (const unit of ['lambda', 'apigateway', 'sqs', 'sns', 'dynamodb.stream-reads']) {
      expect(result.violations.map(({ message }) => message)).toContainEqual(expect.stringContaining(unit));
    }
    expect(complaints(await control(under, '1'))).toEqual([]);
  });

  it('a decision that comes of no seed: two runs of one seed have different hashes', async () => {
    const under = conditions({}, { endpointTrouble: 0.9, focus: { publish: 5, invoke: 5 } });
    const { codeOf, remove } = await buildMutant({
      name: 'the jitter of a retry comes of no seed',
      file: 'lib/app/deliver/attempt.ts',
      find: 'const verdict = judge(outcome, attempt, policy, nowMs, tools.random.next());',
      replace: 'const verdict = judge(outcome, attempt, policy, nowMs, 20 * Math.random());',
      functions: ['deliver'],
      checkers: [],
      under,
    });
    const { seeds: _, ...options } = under;
    const first = await simulate({ ...options, seed: '1', codeOf });
    const second = await simulate({ ...options, seed: '1', codeOf });
    remove();
    expect(second.hash).not.toBe(first.hash);
    const third = await simulate({ ...options, seed: '1' });
    expect(third.hash).toBe((await control(under, '1')).hash);
  });

  it('a run in which nobody publishes', async () => {
    const { seeds: _, ...options } = conditions({}, { focus: { pause: 1, hold: 1 } });
    expect(complaints(await simulate({ ...options, seed: '1' }))).toEqual(['activity']);
  });
});

describe('the mutants', () => {
  it('are of the bus as it is: what each replaces stands there once', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(18);
    for (const mutant of mutants) expect(mutate(mutant)).toContain(mutant.replace);
  });

  it('have different names', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });

  it('try every checker, but for that of the bill, which has a bug of its own here', () => {
    const tried = new Set([...mutants.flatMap((mutant) => mutant.checkers), 'bill']);
    expect(checkers.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('are refused when the bus is another one', () => {
    const [mutant] = mutants;
    if (mutant === undefined) throw new Error('There is none.');
    expect(() => mutate({ ...mutant, find: 'what stands nowhere in the bus' })).toThrow(
      /Write the mutant anew/,
    );
    expect(() => mutate({ ...mutant, find: 'const ' })).toThrow(/and not one/);
  });

  it('are refused when a function does not contain them', async () => {
    const [mutant] = mutants;
    if (mutant === undefined) throw new Error('There is none.');
    await expect(buildMutant({ ...mutant, functions: ['sweep'] })).rejects.toThrow(/does not contain/);
  });
});
