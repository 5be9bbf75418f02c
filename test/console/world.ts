import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { type AcceptanceBus, type Answer, startBus } from '../acceptance/bus.ts';
import { openBrowser } from './browser.ts';

/** A bus and a browser. */
export interface ConsoleWorld {
  readonly bus: AcceptanceBus;
  /** A call that must succeed; answers its body. */
  done(method: string, path: string, body?: unknown, key?: string): Promise<Answer['body']>;
  /** A tab of its own, signed in by this key, or not at all. Whatever it complains about fails the test that stops it. */
  tab(key?: string, look?: Look): Promise<Tab>;
  stop(): Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
}

export interface Tab {
  readonly page: Page;
  /** Opens an address of the console, such as `/receivers`. */
  open(path: string): Promise<void>;
  /** What the browser complained about: errors of scripts, of the policy, and requests that failed. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function startConsole(): Promise<ConsoleWorld> {
  const [bus, browser] = await Promise.all([startBus(), openBrowser()]);
  return {
    bus,
    async done(method, path, body, key = bus.adminKey) {
      const answer = await bus.as(key)(method, path, body);
      expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      return answer.body;
    },
    tab: (key, look) => openTab(browser, bus.url, key, look),
    async stop() {
      await browser.close();
      expect(await bus.stop()).toBe(0);
    },
  };
}

async function openTab(browser: Browser, url: string, key?: string, look: Look = {}): Promise<Tab> {
  const { width = 1280, theme = 'light' } = look;
  const context: BrowserContext = await browser.newContext({
    viewport: { width, height: 860 },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  // A tab that is opened keeps the session of the one before, as a reload does.
  if (key !== undefined) {
    await context.addInitScript(
      (credential) => sessionStorage.setItem('busbar.session', JSON.stringify({ credential })),
      key,
    );
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`));
  return {
    page,
    async open(path) {
      await page.goto(`${url}/console${path === '/' ? '' : path}`);
      await settled(page);
    },
    complaints,
    close: () => context.close(),
  };
}

/** Waits until the page has what it asked for first. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1');
  await page.locator('.loading[role=status]').first().waitFor({ state: 'detached' });
}
