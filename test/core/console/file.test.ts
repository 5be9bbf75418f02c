import { describe, expect, it } from 'vitest';
import { type SiteFile, siteAnswer } from '../../../lib/core/console/file.ts';

const file = (
  path: string,
  type: string,
  codings: SiteFile['codings'] = ['br', 'gzip', 'identity'],
): SiteFile => ({
  path,
  type,
  etag: `"${path}"`,
  codings,
});
const files = new Map(
  [
    file('index.html', 'text/html; charset=utf-8'),
    file('assets/index-1.js', 'text/javascript; charset=utf-8'),
    file('assets/small-1.svg', 'image/svg+xml', ['identity']),
  ].map((each) => [each.path, each]),
);
const answer = (path: string, headers: Record<string, string> = {}, method = 'GET', origins: string[] = []) =>
  siteAnswer({ method, path, headers }, files, origins);

describe('the console', () => {
  it.each([
    '/console',
    '/console/',
    '/console/receivers/billing',
    '/console/events/a%2Fb',
    '/console/..%2Fsecret',
  ])('is the page at %s, whose address the page reads itself', (path) => {
    expect(answer(path)).toMatchObject({ status: 200, body: { path: 'index.html', coding: 'identity' } });
  });

  it('is asked for again each time, and its assets once', () => {
    expect(answer('/console').headers['cache-control']).toBe('no-cache');
    expect(answer('/console/assets/index-1.js').headers['cache-control']).toContain('immutable');
  });

  it('answers a missing asset with 404, and not with the page', () => {
    expect(answer('/console/assets/index-0.js')).toMatchObject({ status: 404 });
    expect(answer('/console/assets/../index.html')).toMatchObject({ status: 404 });
    expect(answer('/console/assets/constructor')).toMatchObject({ status: 404 });
  });

  it('forbids scripts, styles and frames of others, and calls to others but the provider', () => {
    const policy = answer('/console').headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    const withProvider = answer('/console', {}, 'GET', ['https://login.example']);
    expect(withProvider.headers['content-security-policy']).toContain(
      "connect-src 'self' https://login.example;",
    );
  });

  it.each([
    ['br, gzip', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['', 'identity'],
    ['zstd', 'identity'],
  ])('of what the client takes (%j), sends the smallest', (accepted, coding) => {
    const { body, headers } = answer('/console', { 'accept-encoding': accepted });
    expect(body?.coding).toBe(coding);
    expect(headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
  });

  it('sends what is no smaller compressed as it is', () => {
    expect(answer('/console/assets/small-1.svg', { 'accept-encoding': 'br' }).body?.coding).toBe('identity');
  });

  it('is not sent again to whom has it', () => {
    expect(answer('/console', { 'if-none-match': 'W/"index.html"' })).toMatchObject({ status: 304 });
    expect(answer('/console', { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
  });

  it('has no body for HEAD, and takes nothing else', () => {
    expect(answer('/console', {}, 'HEAD')).toMatchObject({ status: 200 });
    expect(answer('/console', {}, 'HEAD').body).toBeUndefined();
    expect(answer('/console', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });
});
