import { expect, it } from 'vitest';
import { threadCpuTime } from '../../lib/stand-in/cpu.ts';
import { createComputing } from '../../lib/stand-in/engines/lambda/computing.ts';

/** A thread whose CPU time a test moves: `work(3)` computes for 3 ms. */
function thread() {
  let microseconds = 5000;
  return {
    cpu: threadCpuTime(() => microseconds),
    work(milliseconds: number) {
      microseconds += milliseconds * 1000;
    },
  };
}

it('counts what the program computes, and not what the engines do for it', () => {
  const { cpu, work } = thread();
  const startMs = cpu.programMs();
  const spent = () => cpu.programMs() - startMs;
  work(3);
  expect(
    cpu.ofEngine(() => {
      work(10);
      expect(spent()).toBe(3);
      // One service calls another.
      cpu.ofEngine(() => work(20));
      return 'answer';
    }),
  ).toBe('answer');
  work(4);
  expect(spent()).toBe(7);
});

it('counts a function that an engine calls, and ends with what fails', () => {
  const { cpu, work } = thread();
  const startMs = cpu.programMs();
  expect(() =>
    cpu.ofEngine(() => {
      work(10);
      cpu.ofProgram(() => {
        work(2);
        cpu.ofEngine(() => work(5));
        work(1);
      });
      throw new Error('refused');
    }),
  ).toThrow('refused');
  work(4);
  expect(cpu.programMs() - startMs).toBe(7);
});

it('tells the time of this thread', () => {
  const cpu = threadCpuTime();
  const startMs = cpu.programMs();
  for (const endMs = performance.now() + 20; performance.now() < endMs; );
  expect(cpu.programMs()).toBeGreaterThan(startMs);
});

it('gives the invocations that run at the same time equal parts of what is computed meanwhile', () => {
  const { cpu, work } = thread();
  const { begin } = createComputing(cpu);
  work(100);
  const first = begin();
  work(2);
  const second = begin();
  work(6);
  const firstMs = first();
  work(1);
  const secondMs = second();
  work(50);
  expect([firstMs, secondMs]).toEqual([5, 4]);
  const third = begin();
  work(3);
  expect(third()).toBe(3);
});
