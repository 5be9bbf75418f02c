import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sink, startSink } from '../acceptance/sink.ts';
import { type Seeded, seed } from './seed.ts';
import { type ConsoleWorld, startConsole, type Tab } from './world.ts';

/**
 * Every page, on a bus whose tenants have written markup wherever they may write: it shows as text, nothing of it runs, the
 * browser complains about nothing, and axe finds nothing serious in either theme.
 */

const markup = `<img src=x onerror="document.title='run'"><script>document.title='run'</script>"'>\${1}{{1}}javascript:1`;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let world: ConsoleWorld;
let sinks: Sink[] = [];
let seeded: Seeded;

beforeAll(async () => {
  world = await startConsole();
  const down = await startSink((_, response) => response.writeHead(500, { 'x-note': '<b>' }).end(markup));
  const up = await startSink();
  sinks = [down, up];
  seeded = await seed(world, { text: markup, downUrl: down.url, upUrl: up.url });
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  await world?.stop();
});

/** What axe finds that keeps somebody out. */
async function barriers({ page }: Tab): Promise<string[]> {
  // Past the policy of the page, which lets no script in.
  await page.evaluate(axe);
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
}

it.each([
  ['light', 1280],
  ['dark', 390],
] as const)(
  'are fit for everybody in the theme %s at %d px, and run nothing that a tenant wrote',
  async (theme, width) => {
    const tab = await world.tab(world.bus.adminKey, { theme, width });
    const found: Record<string, unknown> = {};
    for (const address of seeded.addresses) {
      await tab.open(address);
      const seen = {
        // Wider than the window: something is cut off, or the page scrolls sideways.
        tooWide: await tab.page.evaluate('document.documentElement.scrollWidth > innerWidth + 1'),
        ran: (await tab.page.title()) === 'run',
        pictures: await tab.page.evaluate('document.querySelectorAll("img, main script, iframe").length'),
        barriers: await barriers(tab),
        complaints: [...tab.complaints].filter(
          (text) => !/status of 404/.test(text) || !/nowhere|none/.test(address),
        ),
      };
      (tab.complaints as string[]).length = 0;
      if (JSON.stringify(seen) !== '{"tooWide":false,"ran":false,"pictures":0,"barriers":[],"complaints":[]}')
        found[address] = seen;
    }
    await tab.close();
    expect(found).toEqual({});
  },
);

it('show what a tenant wrote as it wrote it', async () => {
  const tab = await world.tab(world.bus.adminKey);
  await tab.open('/catalog/orders');
  await tab.page.getByText(markup, { exact: false }).first().waitFor();
  await tab.close();
});

it('can be had in Chinese, in UTC and without a mouse', async () => {
  const { page, open, close } = await world.tab(world.bus.adminKey);
  await open('/');
  await page.keyboard.press('/');
  await page.keyboard.type('ware');
  await page.getByRole('option', { name: /warehouse/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'warehouse' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  await page.locator('.account').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitemradio', { name: '中文' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: '总览' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '总览' }).waitFor();
  await close();
});

it('hide from a viewer what it may not do, and show a member nothing of others', async () => {
  const { key: viewer } = await world.done('POST', '/v1/applications/shop/keys', {
    name: 'looks',
    role: 'viewer',
  });
  const { key: member } = await world.done('POST', '/v1/applications/mail/keys', {
    name: 'acts',
    role: 'member',
  });
  const looking = await world.tab(viewer);
  await looking.open('/receivers/billing');
  await looking.page.getByRole('link', { name: 'Dead letters' }).first().waitFor();
  expect(await looking.page.getByRole('button', { name: /Pause|More|Send a test event/ }).count()).toBe(0);
  await looking.close();

  const acting = await world.tab(member);
  await acting.open('/receivers');
  await acting.page.getByRole('link', { name: 'mailer' }).waitFor();
  expect(await acting.page.getByRole('link', { name: 'billing' }).count()).toBe(0);
  await acting.open('/receivers/billing');
  await acting.page.getByRole('alert').waitFor();
  await acting.close();
});
