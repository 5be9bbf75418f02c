import { parseArgs } from 'node:util';
import { billOf } from '../../lib/core/bill/bill.ts';
import { startSink } from '../acceptance/sink.ts';
import { findBrowser } from './browser.ts';
import { seed } from './seed.ts';
import { startConsole } from './world.ts';

/**
 * What an open page costs an hour, by the meter of the bus and the price table: `npm run console:cost -- --seconds 30`. A page
 * that asks for nothing comes first, and is what the bus costs anyway. Exits with 1 when a page costs more than it may.
 */
const dollarsMax = 0.01;
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(values.seconds);
if (findBrowser() === undefined) {
  console.error('There is no Chromium on the path (Debian: chromium). BUSBAR_BROWSER names another.');
  process.exit(1);
}
const world = await startConsole();
const down = await startSink((_, response) => response.writeHead(500).end('the database is down'));
const up = await startSink();
const meter = async () =>
  (await (await fetch(new URL('/_busbar/meter', world.bus.awsUrl))).json()) as Record<string, number>;

/** Dollars an hour while this page is open, and how often it asks. */
async function costOf(address: string): Promise<{ dollars: number; calls: number }> {
  const tab = await world.tab(world.bus.adminKey);
  await tab.open(address);
  let calls = 0;
  tab.page.on('request', (request) => {
    if (request.url().includes('/v1/')) calls++;
  });
  const before = await meter();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await meter();
  await tab.close();
  const used = Object.entries(after).map(([unit, count]) => [unit, count - (before[unit] ?? 0)] as const);
  const perHour = 3600 / seconds;
  return { dollars: billOf(Object.fromEntries(used)).dollars * perHour, calls: calls * perHour };
}

try {
  await seed(world, { text: 'What shops sell', downUrl: down.url, upUrl: up.url });
  const idle = await costOf('/nowhere');
  console.log(`The bus itself: $${idle.dollars.toFixed(4)} an hour.`);
  for (const address of [
    '/',
    '/receivers',
    '/receivers/billing',
    '/receivers/billing/attempts',
    '/receivers/billing/dead-letters',
    '/topics/orders',
    '/requests',
    '/waiting',
    '/events',
    '/applications/shop',
    '/audit',
  ]) {
    const { dollars, calls } = await costOf(address);
    const more = Math.max(0, dollars - idle.dollars);
    console.log(`${address}: $${more.toFixed(4)} an hour, ${Math.round(calls)} calls`);
    if (more > dollarsMax) process.exitCode = 1;
  }
} finally {
  await Promise.all([up.close(), down.close()]);
  await world.stop();
}
