import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { billOf } from '../lib/core/bill/bill.ts';
import { assembly } from '../lib/local/assembly.ts';
import type { BusProcess } from './bus.ts';
import { difference } from './meter.ts';
import type { Target } from './processes/generator.ts';
import type { Scope } from './scope.ts';
import { type Ends, withBus } from './stand.ts';
import { number, tableOf } from './table.ts';
import { waitForCount } from './wait.ts';

/** What a million events cost, or an idle bus in a month, by the list prices: each unit of the bill, and their sum. */
interface Cost {
  readonly name: string;
  /** 0 for an idle bus. */
  readonly events: number;
  readonly dollars: number;
  /** Dollars by unit, the dearest first. */
  readonly units: Readonly<Record<string, number>>;
}

/** How long the endpoints take to answer. Their time is billed, so it is the same in every run. */
const answerMs = 100;

/** Below what a small machine delivers, so that no backlog fills the batches. */
const loads = [
  { batch: 10, receivers: 1, eventsPerSecond: 200 },
  { batch: 10, receivers: 5, eventsPerSecond: 100 },
  { batch: 1, receivers: 1, eventsPerSecond: 60 },
  { batch: 1, receivers: 5, eventsPerSecond: 20 },
] as const;

/** Publishes at steady rates to one topic, and bills what the meter counted, per million events; then does nothing. */
export async function measureCosts(ends: Ends, scope: Scope): Promise<readonly Cost[]> {
  const costs: Cost[] = [];
  await ends.sink.call('answerAfter', answerMs);
  for (const load of loads) costs.push(await costOf(ends, load, scope));
  await ends.sink.call('answerAfter', 0);
  for (const receivers of [0, 5]) costs.push(await idleCost(ends, receivers, scope));
  return costs;
}

function costOf(
  ends: Ends,
  { batch, receivers, eventsPerSecond }: (typeof loads)[number],
  { seconds, progress }: Scope,
): Promise<Cost> {
  const name = `${batch === 1 ? 'one by one' : `in batches of ${batch}`}, ${receiversText(receivers)}`;
  progress(name);
  return withBus(ends, { name, topics: 1, receivers }, async ({ bus, sink, generator, target }) => {
    const publish = async (loadSeconds: number) => {
      await sink.call('reset', null);
      const load = await generator.call('openLoop', {
        target: atPublishUrl(bus, target(batch)),
        eventsPerSecond,
        seconds: loadSeconds,
      });
      if (load.failures > 0) throw new Error(`A request of ${name} failed: ${load.firstFailure}`);
      await waitForCount({
        what: `deliveries of ${name}`,
        expected: load.acceptedEvents * receivers,
        stallSeconds: 30,
        pollMs: 20,
        count: () => sink.call('count', null),
      });
      return load.acceptedEvents;
    };
    // Not counted: cold starts, and caches that fill.
    await publish(seconds);
    const before = await bus.meter();
    const events = await publish(seconds * 4);
    return costFrom(name, events, difference(before, await bus.meter()), 1_000_000 / events);
  });
}

/** Without the API, which takes $1.00 a million requests. */
function atPublishUrl({ publishUrl }: BusProcess, target: Target): Target {
  const { pathname } = new URL(publishUrl);
  return { ...target, paths: target.paths.map((path) => `${pathname.replace(/\/$/, '')}${path}`) };
}

const secondsPerMonth = 730 * 3600;

/** The metrics that the alarms of the template read, each of which is paid for by the month. */
function alarmMetrics(): number {
  const template = readFileSync(join(assembly.outDirectory, 'Busbar.template.json'), 'utf8');
  const { Resources } = JSON.parse(template) as {
    Resources: Record<string, { Type: string; Properties?: { Metrics?: { MetricStat?: unknown }[] } }>;
  };
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .reduce((sum, { Properties: { Metrics } = {} }) => {
      return sum + (Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1);
    }, 0);
}

/** A bus that nobody uses, over some long polls. */
function idleCost(ends: Ends, receivers: number, { seconds, progress }: Scope): Promise<Cost> {
  const name = `idle for a month, ${receiversText(receivers)} more`;
  progress(name);
  return withBus(ends, { name, topics: 1, receivers }, async ({ bus }) => {
    const idleSeconds = seconds * 20;
    const before = await bus.meter();
    await sleep(idleSeconds * 1000);
    const counted = difference(before, await bus.meter());
    const months = secondsPerMonth / idleSeconds;
    return costFrom(name, 0, { ...counted, 'cloudwatch.alarm-metrics': alarmMetrics() / months }, months);
  });
}

const receiversText = (receivers: number) => `${receivers} ${receivers === 1 ? 'receiver' : 'receivers'}`;

function costFrom(name: string, events: number, counted: Record<string, number>, times: number): Cost {
  const { dollars, lines } = billOf(counted);
  const units = lines.filter((line) => line.dollars > 0).map((line) => [line.unit, line.dollars * times]);
  return { name, events, dollars: dollars * times, units: Object.fromEntries(units) };
}

export function costsText(costs: readonly Cost[]): string {
  const units = [...new Set(costs.flatMap((cost) => Object.keys(cost.units)))];
  return tableOf(
    ['', 'events', 'dollars', ...units],
    costs.map((cost) => [
      cost.name,
      number(cost.events),
      number(cost.dollars, 2),
      ...units.map((unit) => number(cost.units[unit] ?? 0, 3)),
    ]),
  );
}
