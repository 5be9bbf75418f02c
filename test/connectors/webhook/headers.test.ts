import { describe, expect, it } from 'vitest';
import { sinks } from '../../../lib/connectors/index.ts';
import { webhook } from '../../../lib/connectors/webhook/kind.ts';
import type { WebhookReceiver, WebhookSpec } from '../../../lib/connectors/webhook/receiver.ts';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import { refusalOf } from '../../core/refusal.ts';

const endpoint = 'https://shop.example.com/events';
const headers = { Authorization: 'Bearer s3cret', 'X-Api-Key': 'k3y-of-shop', 'X-Tenant': 'acme' };
const publicHeaders = ['x-tenant'];
const oauth2 = { tokenUrl: 'https://id.example.com/token', clientId: 'bus', clientSecret: 'hunter2' };

const rowOf = (spec: WebhookSpec, existing?: WebhookReceiver) =>
  ({ receiver: 'shop', secret: 'whsec_of_shop', ...webhook.keep(spec, existing) }) as WebhookReceiver;
const row = rowOf({ endpoint, headers, publicHeaders });
const shown = webhook.show(row) as { headers: Record<string, string> };

describe('the headers of a receiver', () => {
  it('are hidden by value unless they are marked public', () => {
    expect(shown).toMatchObject({
      headers: { Authorization: '(hidden)', 'X-Api-Key': '(hidden)', 'X-Tenant': 'acme' },
      publicHeaders,
    });
    expect(webhook.show(rowOf({ endpoint, headers }))).toMatchObject({ headers: { 'X-Tenant': '(hidden)' } });
  });

  it('are removed from what an endpoint repeats, unless they are public', () => {
    const credentials = webhook.credentials(row);
    expect(credentials).toEqual(expect.arrayContaining(['Bearer s3cret', 's3cret', 'k3y-of-shop']));
    expect(credentials).not.toContain('acme');
    expect(webhook.credentials(rowOf({ endpoint, headers }))).toContain('acme');
  });

  it.each(['Authorization', 'X-Api-Key', 'x-session-id', 'X-Access-Token', 'x-password', 'X-Hub-Signature'])(
    'cannot be public when they are credentials by their names: %s',
    (name) => {
      const body = { endpoint, headers: { [name]: 'x' }, publicHeaders: [name] };
      const refusal = refusalOf(() => parseSpec(sinks.receiverSchema, body));
      expect(refusal.fields).toEqual([
        { path: 'publicHeaders.0', detail: expect.stringContaining('is a credential by its name') },
      ]);
    },
  );

  it('stay hidden in a row whose credential was marked public by other means', () => {
    const forced = { ...row, publicHeaders: ['Authorization'] };
    expect(JSON.stringify(webhook.show(forced))).not.toContain('s3cret');
    expect(webhook.credentials(forced)).toContain('s3cret');
  });

  it('must be there to be public', () => {
    const refusal = refusalOf(() =>
      parseSpec(sinks.receiverSchema, { endpoint, publicHeaders: ['x-other'] }),
    );
    expect(refusal.fields).toEqual([
      { path: 'publicHeaders.0', detail: 'is x-other, which headers does not have' },
    ]);
  });
});

describe('a hidden value that a body gives back', () => {
  it('is the one that is kept, whatever the case of the name', () => {
    expect(rowOf({ endpoint, ...shown }, row).headers).toEqual(headers);
    const renamed = { endpoint, headers: { authorization: '(hidden)' } };
    expect(rowOf(renamed, row).headers).toEqual({ authorization: 'Bearer s3cret' });
    // Another path of the same origin is run by the same people.
    const elsewhere = { endpoint: 'https://SHOP.example.com:443/v2', headers: shown.headers };
    expect(rowOf(elsewhere, row).headers).toEqual(headers);
  });

  it.each([
    ['another host', 'https://evil.example.com/events'],
    ['another port', 'https://shop.example.com:8443/events'],
    ['another scheme', 'http://shop.example.com/events'],
  ])('is not sent to %s', (_, other) => {
    const refusal = refusalOf(() => webhook.keep({ endpoint: other, headers: shown.headers }, row));
    expect(refusal.code).toBe('invalid_request');
    expect(refusal.fields[0]?.path).toBe('headers.Authorization');
    expect(refusal.message).not.toContain('s3cret');
  });

  it('is refused where none is kept, and never stored', () => {
    for (const existing of [undefined, rowOf({ endpoint })]) {
      const refusal = refusalOf(() => webhook.keep({ endpoint, headers: { 'x-a': '(hidden)' } }, existing));
      expect(refusal.fields[0]?.path).toBe('headers.x-a');
    }
  });

  it('does not become public', () => {
    const hiding = rowOf({ endpoint, headers: { 'x-tenant': 'acme' } });
    const body = { endpoint, headers: { 'x-tenant': '(hidden)' }, publicHeaders };
    expect(refusalOf(() => webhook.keep(body, hiding)).message).toContain('does not become public');
  });

  it('has no place in busbar.config.ts', () => {
    const body = { endpoint, headers: { 'x-a': '(hidden)' } };
    expect(refusalOf(() => parseSpec(sinks.declaredReceiverSchema, body)).code).toBe('invalid_request');
  });
});

describe('an OAuth2 secret that a body leaves out', () => {
  const { clientSecret: _, ...withoutSecret } = oauth2;
  const granted = rowOf({ endpoint, oauth2 });

  it('is kept for the same client, tokenUrl and origin', () => {
    const body = { endpoint: 'https://shop.example.com/v2', oauth2: withoutSecret };
    expect(rowOf(body, granted).oauth2).toEqual(oauth2);
  });

  it.each<[string, WebhookSpec]>([
    ['the origin of the endpoint', { endpoint: 'https://evil.example.com/events', oauth2: withoutSecret }],
    ['the port of the endpoint', { endpoint: 'https://shop.example.com:8443/', oauth2: withoutSecret }],
    ['tokenUrl', { endpoint, oauth2: { ...withoutSecret, tokenUrl: 'https://evil.example.com/token' } }],
    ['the client', { endpoint, oauth2: { ...withoutSecret, clientId: 'other' } }],
  ])('must be given again when another value of %s would get it, or its tokens', (_, body) => {
    const refusal = refusalOf(() => webhook.keep(body, granted));
    expect(refusal.fields[0]?.path).toBe('oauth2.clientSecret');
    expect(refusal.message).not.toContain('hunter2');
  });

  it('is dropped by a deployment that declares another origin', () => {
    expect(webhook.keepDeclared({ endpoint }, granted)).toMatchObject({ oauth2 });
    const moved = webhook.keepDeclared({ endpoint: 'https://other.example.com/' }, granted);
    expect(moved).not.toHaveProperty('oauth2');
  });
});
