import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../lib/core/kernel/address.ts';
import { checkEndpoint } from '../../../lib/core/kernel/endpoint.ts';
import {
  allowedInSpiteOfTheirLooks,
  forbiddenAnswers,
  forbiddenByText,
  notEndpoints,
} from '../../corpus/forbidden-endpoints.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const rules = { policy: 'public', ports: [443, 8443], ownHosts: [] } as const;

it('The corpus is as large as it has to be, and says nothing twice', () => {
  const endpoints = forbiddenByText.map(([, endpoint]) => endpoint);
  expect(endpoints.length).toBeGreaterThanOrEqual(60);
  expect(new Set(endpoints).size).toBe(endpoints.length);
});

describe('when it is registered', () => {
  it.each([...forbiddenByText, ...notEndpoints])('%s is refused: %s', (_, endpoint) => {
    const refusal = refusalOf(() => checkEndpoint(endpoint, rules));
    expect(refusal.code).toBe('invalid_request');
    expect(pathsOf(refusal)).toEqual(['endpoint']);
  });

  it.each(allowedInSpiteOfTheirLooks)('%s is taken for what it is: %s', (_, endpoint, host) => {
    expect(checkEndpoint(endpoint, rules).hostname).toBe(host);
  });
});

describe('what a resolver may answer', () => {
  it.each(forbiddenAnswers)('%s is not public: %s', (_, __, answers) => {
    expect(answers.filter(isPublicAddress)).toEqual([]);
  });
});
