import { conditions, type Mutant } from '../mutant.ts';

/** One receiver is down for long enough that its breaker opens and probes. */
const down = conditions(
  {},
  {
    outage: true,
    minutes: 0.7,
    outageMs: 600_000,
    focus: { publish: 5, invoke: 10 },
    seeds: ['2', '1', '3', '4'],
  },
);

/** Bugs of the breakers. */
export const breakerMutants: readonly Mutant[] = [
  {
    name: 'a breaker closes by a probe that failed',
    file: 'lib/core/breaker/breaker.ts',
    find: 'return openAgain(open, event, context);',
    replace: "return { kind: 'closed', sinceMs: nowMs, reason: event.cause };",
    functions: ['deliver'],
    checkers: ['breaker'],
    under: down,
  },
  {
    name: 'a breaker is half-open when its pause is over, without a probe',
    file: 'lib/app/deliver/probe-endpoint.ts',
    find: "logFailure(tools, receiver, () =>\n    changeBreaker(tools, receiver, { kind: 'probe-began' }),",
    replace:
      "logFailure(tools, receiver, () =>\n    changeBreaker(tools, receiver, { kind: 'probe-succeeded' }),",
    functions: ['deliver'],
    checkers: ['breaker'],
    under: down,
  },
  {
    name: 'one breaker stands for all receivers',
    file: 'lib/app/deliver/deliver.ts',
    find: '  const { receiver } = context;\n  context.admission = await admission(tools, receiver);',
    replace: `  const receiver = {
    ...context.receiver,
    receiver: 'receiver-1',
    endpoint: context.receiver.endpoint.replace(/receiver-[0-9]/, 'receiver-1'),
  };
  context.admission = await admission(tools, receiver);`,
    functions: ['deliver'],
    checkers: ['isolation'],
    under: down,
  },
];
