import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addSite } from '../../lib/stacks/site.ts';

/** All scripts and styles together, compressed by gzip: who opens every page once loads no more. */
const bytesMax = 250_000;

it('the console stays small', { timeout: 120_000 }, () => {
  const bundle = mkdtempSync(join(tmpdir(), 'busbar-console-'));
  try {
    addSite(bundle);
    const assets = join(bundle, 'site', 'assets');
    const names = readdirSync(assets);
    const parts = names.filter((name) => /\.(js|css)$/.test(name));
    // What gzip does not make smaller is sent as it is.
    const sizes = parts.map((name) => {
      const sent = names.includes(`${name}.gzip`) ? `${name}.gzip` : name;
      return statSync(join(assets, sent)).size;
    });
    expect(parts.length).toBeGreaterThan(10);
    expect(sizes.reduce((total, size) => total + size, 0)).toBeLessThan(bytesMax);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
});
