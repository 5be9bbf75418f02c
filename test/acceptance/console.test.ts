import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';

let bus: AcceptanceBus;
beforeAll(async () => {
  bus = await startBus();
});
afterAll(async () => {
  expect(await bus?.stop()).toBe(0);
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${bus.url}${path}`, { headers, redirect: 'manual' });

describe('the console of a running bus', () => {
  it('is there without a key, with all that it loads', async () => {
    const page = await get('/console');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    const assets = [...html.matchAll(/(?:src|href)="(\/console\/assets\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const asset of assets) {
      const answer = await get(asset, { 'accept-encoding': 'br' });
      expect(answer.status, asset).toBe(200);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
    // Nothing of it is from elsewhere, and none of it runs without being a file.
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });

  it('is the page at every address below, and where people type a slash', async () => {
    expect(await (await get('/console/receivers/billing')).text()).toContain('<div id="root">');
    const typed = await get('/console/');
    expect([typed.status, typed.headers.get('location')]).toEqual([308, '/console']);
  });

  it('leaves the paths of the API alone', async () => {
    expect((await get('/consoles')).status).toBe(404);
    expect((await fetch(`${bus.url}/console`, { method: 'POST' })).status).toBe(404);
  });
});
