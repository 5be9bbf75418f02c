import { simulate } from './simulate.ts';

const seed = process.argv[2] ?? '1';
for (const s of seed.split(',')) {
  const t0 = performance.now();
  const result = await simulate({ seed: s, minutes: Number(process.argv[3] ?? 1) });
  console.log(
    s,
    result.hash,
    'events',
    result.events,
    'attempts',
    result.attempts,
    'dead',
    result.deadLetters,
    'virtual',
    (result.virtualMs / 60000).toFixed(1),
    'min',
    (performance.now() - t0).toFixed(0),
    'ms',
    JSON.stringify(
      Object.fromEntries(
        Object.entries(result.profile.rates)
          .filter(([, v]) => v > 0)
          .map(([k, v]) => [k, +v.toFixed(4)]),
      ),
    ),
    result.profile.endpointTrouble,
    result.profile.restarts,
    result.profile.outage,
  );
  const seen = new Map();
  for (const v of result.violations) {
    const n = seen.get(v.checker) ?? 0;
    seen.set(v.checker, n + 1);
    if (n < 2) {
      console.log(' ', v.checker, v.message);
      if (n < 1) console.log(result.timeline(v, 40).join('\n'));
    }
  }
  for (const [k, n] of seen) console.log('  =>', k, n);
}
process.exit(0);
