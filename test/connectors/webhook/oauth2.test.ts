import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webhook } from '../../../lib/connectors/webhook/kind.ts';
import {
  keptOAuth2,
  type OAuth2,
  oauth2Schema,
  readToken,
  tokenRequest,
} from '../../../lib/connectors/webhook/oauth2.ts';
import type { WebhookReceiver } from '../../../lib/connectors/webhook/receiver.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import { redact } from '../../../lib/core/registry/redact.ts';
import { refusalOf } from '../../core/refusal.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const client: OAuth2 = { tokenUrl: 'https://id.example.com/token', clientId: 'bus', clientSecret: 'hunter2' };
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  kind: 'answer' as const,
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const bearer = { access_token: 'abc', token_type: 'Bearer' };

describe('the request for a token', () => {
  it('proves the client by Basic, and asks for scope and audience', () => {
    const { headers, body } = tokenRequest({ ...client, scope: 'a b', audience: 'https://api.example.com' });
    expect(headers.authorization).toBe(`Basic ${Buffer.from('bus:hunter2').toString('base64')}`);
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'https://api.example.com',
    });
  });

  it('proves it in the form where the server wants that', () => {
    const { headers, body } = tokenRequest({ ...client, clientAuthentication: 'body' });
    expect(headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'bus',
      client_secret: 'hunter2',
    });
  });

  it('brings every identifier and secret over unchanged, colons and percents included', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    });
    fc.assert(
      fc.property(text, text, (clientId, clientSecret) => {
        const { headers } = tokenRequest({ ...client, clientId, clientSecret });
        const pair = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString();
        const decoded = pair.split(':').map((part) => new URLSearchParams(`x=${part}`).get('x'));
        expect(decoded).toEqual([clientId, clientSecret]);
      }),
    );
  });
});

describe('a token', () => {
  it.each<[unknown, number]>([
    [3600, 3540],
    ['3600', 3540],
    [30, 24],
    [0, 0],
    [undefined, bus.tokenSecondsDefault - 60],
    [-5, bus.tokenSecondsDefault - 60],
    ['soon', bus.tokenSecondsDefault - 60],
    [1e12, bus.tokenSecondsMax],
  ])('that expires in %j is used for %i s', (expiresIn, seconds) => {
    expect(readToken(answer(200, { ...bearer, expires_in: expiresIn }), nowMs)).toEqual({
      kind: 'token',
      token: 'abc',
      untilMs: nowMs + seconds * 1000,
    });
  });

  it.each<[string, Parameters<typeof readToken>[0], string, string]>([
    ['a refusal', answer(401, { error: 'invalid_client' }), 'oauth2-http-401', '401 (invalid_client)'],
    ['an error that is none', answer(400, { error: 'hunter2' }), 'oauth2-http-400', 'answered 400.'],
    ['a redirect', answer(302, ''), 'oauth2-redirect-302', '302'],
    ['a page', answer(200, '<html>hunter2'), 'oauth2-malformed', 'no access_token'],
    ['no object', answer(200, 'null'), 'oauth2-malformed', 'no access_token'],
    ['no token', answer(200, { token_type: 'Bearer' }), 'oauth2-malformed', 'no access_token'],
    [
      'a token that no header can hold',
      answer(200, { ...bearer, access_token: 'a\r\nb' }),
      'oauth2-malformed',
      'no access',
    ],
    ['another type', answer(200, { ...bearer, token_type: 'mac' }), 'oauth2-malformed', 'another type'],
    [
      'no answer',
      { kind: 'failure', failure: 'timeout', message: 'No answer.' },
      'oauth2-timeout',
      'No answer.',
    ],
  ])(
    'is missing after %s, which is a cause of its own and repeats no secret',
    (_, outcome, failure, says) => {
      const none = readToken(outcome, nowMs);
      expect(none).toMatchObject({
        kind: 'failure',
        failure,
        untilMs: nowMs + bus.tokenFailureSeconds * 1000,
      });
      expect(none).toHaveProperty('message', expect.stringContaining(says));
      expect(JSON.stringify(none)).not.toContain('hunter2');
    },
  );

  it.each([
    ['20', 20],
    ['1', bus.tokenFailureSeconds],
    ['86400', bus.tokenFailureSecondsMax],
  ])('is not asked for again while Retry-After %s lasts: %i s', (retryAfter, seconds) => {
    expect(readToken(answer(503, '', { 'retry-after': retryAfter }), nowMs).untilMs).toBe(
      nowMs + seconds * 1000,
    );
  });
});

describe('what a receiver keeps', () => {
  const { clientSecret: _, ...without } = client;

  it('is the secret that it has, for the same client at the same place', () => {
    expect(keptOAuth2({ ...without, scope: 'a' }, {}, client)).toEqual({ ...client, scope: 'a' });
    expect(keptOAuth2(undefined, {}, client)).toBeUndefined();
  });

  it.each<[string, typeof without, OAuth2 | undefined]>([
    ['there is none yet', without, undefined],
    ['it would go to another place', { ...without, tokenUrl: 'https://evil.example.com/' }, client],
    ['it is another client', { ...without, clientId: 'other' }, client],
  ])('needs a secret when %s', (_, spec, existing) => {
    expect(refusalOf(() => keptOAuth2(spec, {}, existing))).toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'oauth2.clientSecret' }],
    });
  });

  it('has one authorization, not two', () => {
    const refusal = refusalOf(() => keptOAuth2(client, { Authorization: 'Bearer x' }, undefined));
    expect(refusal.fields).toMatchObject([{ path: 'headers.Authorization' }]);
  });

  it.each([
    [{ ...client, clientSecret: 'a\nb' }, 'clientSecret'],
    [{ ...client, scope: 'a  b' }, 'scope'],
    [{ ...client, scope: 'say "hi"' }, 'scope'],
    [{ ...client, clientAuthentication: 'jwt' }, 'clientAuthentication'],
    [{ ...client, password: 'x' }, 'password'],
  ])('is refused when wrong: %j', (spec, path) => {
    const refusal = refusalOf(() => parseSpec(oauth2Schema, spec));
    expect(refusal.fields).toMatchObject([{ path }]);
    expect(refusal.message).not.toMatch(/hunter2|a\nb/);
  });
});

it('blackens what an endpoint echoes of its request, the longest first', () => {
  const receiver = {
    secret: 'whsec_abc',
    oauth2: client,
    headers: {
      Authorization: 'Bearer s3cret',
      'X-Api-Key': 's3cret-and-more',
      'X-Tenant': 'acme',
      'X-Auth': 'abc',
    },
    publicHeaders: ['X-Tenant'],
  } as unknown as WebhookReceiver;
  const echo = 'Bearer s3cret s3cret-and-more s3cret whsec_abc hunter2 tok-en acme abc';
  expect(redact(echo, [...webhook.credentials(receiver), 'tok-en'])).toBe(
    '(hidden) (hidden) (hidden) (hidden) (hidden) (hidden) acme abc',
  );
});
