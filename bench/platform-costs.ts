import { createAuditor } from '../lib/app/audit/auditor.ts';
import { billOf } from '../lib/core/bill/bill.ts';
import { type TestBus, testBus } from '../test/app/bus.ts';
import { countAtHundredASecond } from '../test/app/statistics/hundred-a-second.ts';
import type { Scope } from './scope.ts';
import { number, tableOf } from './table.ts';

/** What the platform writes beside the events, by the list prices: dollars for a million of what it is about. */
export interface PlatformCosts {
  readonly [name: string]: number;
}

/** Only what is counted and recorded runs here, over the engines and under a virtual clock: its cost depends on nothing else. */
export async function measurePlatformCosts({ platform }: Scope): Promise<PlatformCosts> {
  return {
    'deliveries: their statistics, at 100 a second': await onBus((bus) =>
      statisticsCost(bus, platform.batches),
    ),
    'calls that change something: their audit': await onBus((bus) => auditCost(bus, platform.calls, 200)),
    'calls that are refused, 10 a second: their audit': await onBus((bus) =>
      auditCost(bus, platform.calls, 403),
    ),
  };
}

async function onBus(measure: (bus: TestBus) => Promise<number>): Promise<number> {
  let close = async () => {};
  const bus = await testBus(undefined, (closing) => {
    close = closing;
  });
  try {
    return await measure(bus);
  } finally {
    await close();
  }
}

async function statisticsCost(bus: TestBus, batches: number): Promise<number> {
  const receiver = await bus.receiver('billing');
  await bus.topic('orders');
  const instances = await countAtHundredASecond(bus, receiver, 'orders', batches);
  for (const { statistics } of instances) await statistics.flush();
  return perMillion(bus.meter.counts(), batches * 10);
}

async function auditCost(bus: TestBus, calls: number, status: number): Promise<number> {
  const auditor = createAuditor(bus.tools);
  bus.meter.reset();
  for (let call = 0; call < calls; call++) {
    const act = {
      principal: { application: 'shop', role: 'member' as const, keyId: 'k1' },
      call: 'PATCH /v1/receivers/{receiver}',
      target: 'receivers/billing',
      requestId: `request-${call}`,
      change: { limits: { perSecond: call } },
      owners: async () => ['shop'],
    };
    if (status < 400) await (await auditor.begin(act))(status);
    else await auditor.refused(act, status);
    await bus.clock.advance(100);
  }
  return perMillion(bus.meter.counts(), calls);
}

const perMillion = (counted: Readonly<Record<string, number>>, things: number) =>
  (billOf(counted).dollars * 1_000_000) / things;

export const platformText = (costs: PlatformCosts): string =>
  tableOf(
    ['a million', 'dollars'],
    Object.entries(costs).map(([name, dollars]) => [name, number(dollars, 4)]),
  );
