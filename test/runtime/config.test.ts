import { describe, expect, it } from 'vitest';
import { parseConfig, variables } from '../../lib/runtime/config.ts';
import { environment } from '../app/bus.ts';

describe('the environment', () => {
  it('is parsed into what the functions need', () => {
    expect(parseConfig(environment)).toMatchObject({
      prefix: 'busbar',
      region: 'us-east-1',
      endpoints: 'any',
      queueUrlBase: 'http://127.0.0.1:4566/000000000000',
    });
  });

  const optional: readonly string[] = [
    variables.apiUrl,
    variables.publishUrl,
    variables.deliveryBatching,
    variables.makeTopics,
    variables.signIn,
    variables.apiHosts,
    variables.trustedOrigins,
    variables.receiverConcurrency,
    variables.metrics,
    variables.otlpEndpoint,
    variables.otlpHeadersSecret,
  ];
  const needed = Object.values(variables).filter((name) => !optional.includes(name));

  it.each([...needed, 'AWS_REGION'])('must have %s, and says so', (name) => {
    for (const value of [undefined, '']) {
      expect(() => parseConfig({ ...environment, [name]: value })).toThrow(
        `The environment variable ${name} is missing.`,
      );
    }
  });

  it('has a trace that is one of three', () => {
    expect(parseConfig({ ...environment, BUSBAR_TRACE: 'all' }).trace).toBe('all');
    expect(() => parseConfig({ ...environment, BUSBAR_TRACE: 'loud' })).toThrow(
      'BUSBAR_TRACE is "loud"; it is none, failures, all.',
    );
  });

  it('has a way to validate endpoints that is one of two', () => {
    expect(parseConfig({ ...environment, BUSBAR_VALIDATE: 'handshake' }).validate).toBe('handshake');
    expect(() => parseConfig({ ...environment, BUSBAR_VALIDATE: 'yes' })).toThrow(
      'BUSBAR_VALIDATE is "yes"; it is none, handshake.',
    );
  });

  it('may leave out the URL of the API, which not every function is told', () => {
    expect(parseConfig(environment).apiUrl).toBeUndefined();
    expect(parseConfig({ ...environment, BUSBAR_API_URL: 'https://a.example.com' }).apiUrl).toBe(
      'https://a.example.com',
    );
  });

  it('has a ceiling for the concurrency of receivers, 1,000 unless the operator says otherwise', () => {
    const none = { ...environment, BUSBAR_RECEIVER_CONCURRENCY: undefined };
    expect(parseConfig(none).receiverConcurrencyMax).toBe(1000);
    expect(parseConfig({ ...environment, BUSBAR_RECEIVER_CONCURRENCY: '50' }).receiverConcurrencyMax).toBe(
      50,
    );
    expect(() => parseConfig({ ...environment, BUSBAR_RECEIVER_CONCURRENCY: 'much' })).toThrow(
      'BUSBAR_RECEIVER_CONCURRENCY is "much"; it is a whole number from 1.',
    );
  });

  it('has ports of endpoints', () => {
    expect(parseConfig({ ...environment, BUSBAR_ENDPOINT_PORTS: '443,9443' }).endpointPorts).toEqual([
      443, 9443,
    ]);
    expect(() => parseConfig({ ...environment, BUSBAR_ENDPOINT_PORTS: 'https' })).toThrow(
      'BUSBAR_ENDPOINT_PORTS is "https"; it is any, or ports such as 443,8443.',
    );
  });

  it.each(['Public', 'all', 'true'])('has endpoints that are public or any, and not %s', (value) => {
    expect(() => parseConfig({ ...environment, BUSBAR_ENDPOINTS: value })).toThrow(
      `BUSBAR_ENDPOINTS is "${value}"; it is public or any.`,
    );
  });
});

describe('the hosts of the bus', () => {
  it('are those of its API and its publish function, and those that the operator lists', () => {
    const api = {
      BUSBAR_API_URL: 'https://abc.execute-api.us-east-1.amazonaws.com',
      BUSBAR_PUBLISH_URL: 'https://xyz.lambda-url.us-east-1.on.aws/',
    };
    expect(
      parseConfig({ ...environment, ...api, BUSBAR_API_HOSTS: 'a.example.com, b.example.com' }).ownHosts,
    ).toEqual([
      'abc.execute-api.us-east-1.amazonaws.com',
      'xyz.lambda-url.us-east-1.on.aws',
      'a.example.com',
      'b.example.com',
    ]);
    const none = {
      BUSBAR_API_URL: undefined,
      BUSBAR_PUBLISH_URL: undefined,
      BUSBAR_API_HOSTS: 'none',
      BUSBAR_TRUSTED_ORIGINS: 'none',
    };
    expect(parseConfig({ ...environment, ...none })).toMatchObject({ ownHosts: [], trustedOrigins: [] });
  });
});
