import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startSink } from '../acceptance/sink.ts';
import { findBrowser } from './browser.ts';
import { seed } from './seed.ts';
import { startConsole } from './world.ts';

/** Takes a picture of every page, in both themes, at 1280 and 390 px: `npm run console:screenshots -- DIRECTORY`. */
const directory = process.argv[2] ?? 'screenshots';
if (findBrowser() === undefined) {
  console.error('There is no Chromium on the path (Debian: chromium). BUSBAR_BROWSER names another.');
  process.exit(1);
}
mkdirSync(directory, { recursive: true });
const world = await startConsole();
const down = await startSink((_, response) => response.writeHead(500).end('the database is down'));
const up = await startSink();
try {
  const { addresses } = await seed(world, { text: 'What shops sell', downUrl: down.url, upUrl: up.url });
  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const tab = await world.tab(world.bus.adminKey, { theme, width });
      for (const [at, address] of addresses.entries()) {
        await tab.open(address);
        const name = `${String(at + 1).padStart(2, '0')}${address.replaceAll(/[^a-z]+/g, '-').slice(0, 40)}`;
        await tab.page.screenshot({ path: join(directory, `${name}-${theme}-${width}.png`), fullPage: true });
        process.stdout.write(`\r${theme}, ${width} px: ${at + 1} of ${addresses.length} pages `);
      }
      process.stdout.write('\n');
      await tab.close();
    }
  }
} finally {
  await Promise.all([up.close(), down.close()]);
  await world.stop();
}
