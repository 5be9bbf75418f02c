import { describe, expect, it } from 'vitest';
import { checkEndpoint, isOwnHost, readEndpointPorts } from '../../../lib/core/kernel/endpoint.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const strict = {
  policy: 'public',
  ports: [443, 8443],
  ownHosts: ['abc.execute-api.eu-west-1.amazonaws.com'],
} as const;
const laptop = { policy: 'any', ports: 'any', ownHosts: ['127.0.0.1:4100'] } as const;

describe('on AWS', () => {
  it.each([
    'https://example.com',
    'https://example.com/events?a=%20b',
    'https://EXAMPLE.com:8443/',
    'https://bücher.example/',
    'https://8.8.8.8/',
    'https://invalid.example/',
  ])('takes %s', (endpoint) => {
    expect(checkEndpoint(endpoint, strict)).toEqual(new URL(endpoint));
  });

  it.each<[string, string]>([
    ['', 'is no URL'],
    ['example.com/events', 'is no URL'],
    ['https://', 'is no URL'],
    ['http://example.com', 'scheme http'],
    ['ftp://example.com', 'scheme ftp'],
    ['file:///etc/passwd', 'scheme file'],
    ['javascript:alert(1)', 'scheme javascript'],
    ['https://user@example.com', 'user name or password'],
    ['https://:secret@example.com', 'user name or password'],
    ['https://example.com/#part', 'fragment'],
    ['https://example.com:0/', 'port 0'],
    ['https://example.com:8080/', 'has the port 8080; this bus calls 443, 8443 alone'],
    ['https://example.com:22/', 'stack parameter EndpointPorts'],
    ['https://example.com:08442/', 'has the port 8442'],
    ['https://metadata/', 'name of a local network'],
    ['https://instance-data.ec2.internal/', 'name of a local network'],
    ['https://203.0.113.9/', 'no public address'],
    ['https://0.0.0.0/', 'no address to reach'],
    ['https://0/', 'no address to reach'],
    ['https://[::]/', 'no address to reach'],
    ['https://shop.invalid/', 'never resolves'],
    ['https://shop.INVALID./', 'never resolves'],
    ['https://invalid/', 'never resolves'],
    ['https://abc.execute-api.eu-west-1.amazonaws.com/v1/topics/a/events', 'the bus itself'],
    ['https://ABC.execute-api.eu-west-1.amazonaws.com.:443/', 'the bus itself'],
  ])('refuses %j: %s', (endpoint, problem) => {
    const error = refusalOf(() => checkEndpoint(endpoint, strict));
    expect(error.code).toBe('invalid_request');
    expect(pathsOf(error)).toEqual(['endpoint']);
    expect(error.message).toContain(problem);
    expect(error.message).not.toContain('secret');
  });
});

describe('on a laptop', () => {
  it.each(['http://localhost:3000/', 'http://192.168.0.7/', 'http://127.0.0.1:4101/', 'http://127.0.0.1/'])(
    'takes %s',
    (endpoint) => {
      expect(() => checkEndpoint(endpoint, laptop)).not.toThrow();
    },
  );

  it.each([
    'http://127.0.0.1:4100/',
    'http://localhost:4100/v1',
    'http://LOCALHOST.:4100/',
    'http://bus.localhost:4100/',
    'http://127.1:4100/',
    'http://2130706433:4100/',
    'http://0x7f.0.0.1:4100/',
    'http://127.8.9.10:4100/',
    'http://[::1]:4100/',
    'http://[::ffff:127.0.0.1]:4100/',
    'https://localhost:4100/',
  ])('refuses %s, which is the bus itself', (endpoint) => {
    expect(refusalOf(() => checkEndpoint(endpoint, laptop)).message).toContain('the bus itself');
  });

  it('still refuses schemes that are no HTTP', () => {
    expect(refusalOf(() => checkEndpoint('ws://localhost:3000/', laptop)).message).toContain('scheme ws');
  });
});

describe('the ports of endpoints', () => {
  it.each<[string, unknown]>([
    ['any', 'any'],
    ['443', [443]],
    ['443,8443', [443, 8443]],
    ['443, 9443', [443, 9443]],
    ['', undefined],
    ['0', undefined],
    ['443,', undefined],
    ['65536', undefined],
    ['https', undefined],
    ['443;8443', undefined],
    ['-1', undefined],
  ])('written as %j are %j', (text, ports) => {
    expect(readEndpointPorts(text)).toEqual(ports);
  });
});

describe('a host of the bus', () => {
  const ownHosts = [
    'abc.execute-api.eu-west-1.amazonaws.com',
    'xyz.lambda-url.eu-west-1.on.aws',
    'bücher.example',
    '127.0.0.1:4100',
  ];

  it.each([
    'https://abc.execute-api.eu-west-1.amazonaws.com/',
    'https://abc.execute-api.eu-west-1.amazonaws.com./',
    'https://ABC.Execute-API.eu-west-1.amazonaws.com:8443/x',
    'https://xyz.lambda-url.eu-west-1.on.aws/v1/topics/orders/events',
    'https://XYZ.Lambda-URL.eu-west-1.on.aws.:443/',
    'https://xn--bcher-kva.example/',
    'https://B%C3%BCcher.example:443/',
    'http://localhost:4100/',
    'http://2130706433:4100/',
  ])('is found in %s', (url) => {
    expect(isOwnHost(new URL(url), ownHosts)).toBe(true);
  });

  it.each([
    'https://abd.execute-api.eu-west-1.amazonaws.com/',
    'https://abc.execute-api.eu-west-1.amazonaws.com.example.com/',
    // A function URL of somebody else is an endpoint like any other.
    'https://xyy.lambda-url.eu-west-1.on.aws/',
    'https://xyz.lambda-url.us-east-1.on.aws/',
    'http://127.0.0.1:4101/',
  ])('is not found in %s', (url) => {
    expect(isOwnHost(new URL(url), ownHosts)).toBe(false);
  });
});
