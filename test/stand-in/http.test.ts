import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { type VirtualClock, virtualClock } from '../../lib/stand-in/clock.ts';
import type { HttpApiRequest, HttpApiResponse } from '../../lib/stand-in/engines/http/model.ts';
import { createRouter, routeKeyProblem } from '../../lib/stand-in/engines/http/routes.ts';
import { lambdaFunction, type Resources, role, startTestStack, writeAssembly } from './stack.ts';

/** A function that answers as the header `x-answer` asks; without it, the answer is the event. */
const source = `
  export const create = (runtime) => async (event) => {
    const wanted = event.headers['x-answer'];
    if (wanted === 'throw') throw new Error('broken');
    if (wanted === 'never') return new Promise((resolve) => runtime.clock.setTimer(3600_000, resolve));
    return wanted === undefined ? { statusCode: 200, body: JSON.stringify(event) } : JSON.parse(wanted);
  };`;

interface Setup {
  readonly routes?: readonly (string | { key: string; AuthorizationType: string })[];
  readonly api?: object;
  readonly stage?: object;
  readonly permissions?: readonly string[];
  readonly timeoutMs?: number;
}

/** An API in front of one function, as the CDK writes it. */
async function startApi(setup: Setup = {}) {
  const clock = virtualClock(Date.parse('2026-03-05T07:08:09.123Z'));
  const routes = (setup.routes ?? ['$default']).map((route) =>
    typeof route === 'string' ? { key: route, AuthorizationType: 'NONE' } : route,
  );
  const resources: Record<string, Resources[string]> = {
    Role: role(),
    Function: lambdaFunction('echo', 'Role', { Timeout: 900 }),
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'test', ProtocolType: 'HTTP', ...setup.api } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true, ...setup.stage },
    },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['Function', 'Arn'] },
        PayloadFormatVersion: '2.0',
        ...(setup.timeoutMs === undefined ? {} : { TimeoutInMillis: setup.timeoutMs }),
      },
    },
  };
  for (const [index, { key, AuthorizationType }] of routes.entries()) {
    resources[`Route${index}`] = {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: key,
        AuthorizationType,
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
      },
    };
  }
  for (const [index, path] of (setup.permissions ?? ['*/*', '*/*/*']).entries()) {
    resources[`Permission${index}`] = {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': ['Function', 'Arn'] },
        Principal: 'apigateway.amazonaws.com',
        SourceArn: {
          'Fn::Join': [
            '',
            ['arn:aws:execute-api:us-east-1:', { Ref: 'AWS::AccountId' }, ':', { Ref: 'Api' }, `/${path}`],
          ],
        },
      },
    };
  }
  const stack = await startTestStack(writeAssembly(resources, { echo: source }), { clock });
  return {
    stack,
    clock,
    send: (request: Partial<HttpApiRequest>) => settle(clock, stack.handleHttp(full(request))),
  };
}

const full = (request: Partial<HttpApiRequest>): HttpApiRequest => ({
  method: 'GET',
  path: '/',
  query: '',
  headers: {},
  body: new Uint8Array(),
  sourceIp: '127.0.0.1',
  ...request,
});

/** No request here waits for a timer, unless the test moves the clock itself. */
async function settle(clock: VirtualClock, response: Promise<HttpApiResponse>): Promise<HttpApiResponse> {
  await clock.advance(0);
  return await response;
}

const bodyOf = (response: HttpApiResponse) => Buffer.from(response.body).toString('utf8');
const eventOf = (response: HttpApiResponse) => JSON.parse(bodyOf(response)) as APIGatewayProxyEventV2;
const answering = (answer: unknown) => ({ headers: { 'x-answer': JSON.stringify(answer) } });

describe('the event of a function', () => {
  test('has the shape of payload format 2.0', async () => {
    const { stack, send } = await startApi({ routes: ['POST /v1/topics/{topic}/events'] });
    const response = await send({
      method: 'POST',
      path: '/v1/topics/orders%20eu/events',
      query: 'a=1&b=x%20y&a=2',
      headers: {
        host: '127.0.0.1:4100',
        'content-type': 'application/json',
        'user-agent': 'test/1',
        cookie: 'one=1; two=2',
      },
      body: Buffer.from('{"a":"ü"}'),
    });
    const event = eventOf(response);
    const { requestId } = event.requestContext;
    expect(response.headers['apigw-requestid']).toBe(requestId);
    expect(event).toEqual({
      version: '2.0',
      routeKey: 'POST /v1/topics/{topic}/events',
      rawPath: '/v1/topics/orders eu/events',
      rawQueryString: 'a=1&b=x%20y&a=2',
      cookies: ['one=1', 'two=2'],
      headers: {
        host: '127.0.0.1:4100',
        'content-type': 'application/json',
        'user-agent': 'test/1',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
      },
      queryStringParameters: { a: '1,2', b: 'x y' },
      pathParameters: { topic: 'orders eu' },
      requestContext: {
        accountId: '000000000000',
        apiId: stack.resources.Api,
        domainName: `${stack.resources.Api}.execute-api.us-east-1.amazonaws.com`,
        domainPrefix: stack.resources.Api,
        http: {
          method: 'POST',
          path: '/v1/topics/orders eu/events',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test/1',
        },
        requestId,
        routeKey: 'POST /v1/topics/{topic}/events',
        stage: '$default',
        time: '05/Mar/2026:07:08:09 +0000',
        timeEpoch: Date.parse('2026-03-05T07:08:09.123Z'),
      },
      body: '{"a":"ü"}',
      isBase64Encoded: false,
    });
  });

  test('leaves out what the request lacks', async () => {
    const { send } = await startApi();
    const event = eventOf(await send({}));
    for (const member of ['cookies', 'queryStringParameters', 'pathParameters', 'body']) {
      expect(event).not.toHaveProperty(member);
    }
    expect(event.isBase64Encoded).toBe(false);
  });

  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/cloudevents+json', true],
    ['application/cloudevents-batch+json', true],
    ['application/octet-stream', true],
    ['application/x-www-form-urlencoded', true],
    [undefined, true],
  ])('contains a body of the content type %s base64-encoded: %s', async (contentType, encoded) => {
    const { send } = await startApi();
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
    const event = eventOf(await send({ method: 'POST', headers, body: Buffer.from('{"ü":1}') }));
    expect(event.isBase64Encoded).toBe(encoded);
    expect(Buffer.from(event.body ?? '', encoded ? 'base64' : 'utf8').toString('utf8')).toBe('{"ü":1}');
  });

  test('is not sent for a path that cannot be decoded', async () => {
    const { send } = await startApi({ routes: ['GET /{name}'] });
    expect((await send({ path: '/%zz' })).status).toBe(404);
  });
});

describe('the answer of a function', () => {
  test('with a status code is the response', async () => {
    const { send } = await startApi();
    const answer = {
      statusCode: 201,
      headers: { 'Content-Type': 'application/problem+json', 'X-Count': 3 },
      cookies: ['a=1', 'b=2'],
      body: 'ok',
    };
    const response = await send(answering(answer));
    expect(response).toMatchObject({
      status: 201,
      headers: { 'content-type': 'application/problem+json', 'x-count': '3' },
      cookies: ['a=1', 'b=2'],
      body: 'ok',
    });
  });
  test('that is base64-encoded is decoded', async () => {
    const { send } = await startApi();
    const response = await send(answering({ statusCode: 200, body: 'AAECAw==', isBase64Encoded: true }));
    expect([...Buffer.from(response.body)]).toEqual([0, 1, 2, 3]);
  });
  test('without a status code is the JSON body of a 200', async () => {
    const { send } = await startApi();
    const response = await send(answering({ hello: 'world' }));
    expect([response.status, response.headers['content-type'], bodyOf(response)]).toEqual([
      200,
      'application/json',
      '{"hello":"world"}',
    ]);
  });
  test.each([
    ['an invalid status', { statusCode: 'soon' }],
    ['a body that is not text', { statusCode: 200, body: { a: 1 } }],
  ])('with %s becomes a 500 of the gateway', async (_name, answer) => {
    const { send } = await startApi();
    const response = await send(answering(answer));
    expect([response.status, bodyOf(response)]).toEqual([500, '{"message":"Internal Server Error"}']);
  });
  test('that is an error becomes a 500 without details', async () => {
    const { send } = await startApi();
    const response = await send({ headers: { 'x-answer': 'throw' } });
    expect([response.status, bodyOf(response)]).toEqual([500, '{"message":"Internal Server Error"}']);
  });
  test('that arrives too late becomes a 503', async () => {
    const { stack, clock } = await startApi({ timeoutMs: 5_000 });
    let response: HttpApiResponse | undefined;
    stack.handleHttp(full({ headers: { 'x-answer': 'never' } })).then((answer) => {
      response = answer;
    }, expect.unreachable);
    await clock.advance(4_999);
    expect(response).toBeUndefined();
    await clock.advance(1);
    expect(response).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
    // The function runs on, as on AWS; it ends so that the stack can close.
    await clock.advance(3_600_000);
  });
});

describe('API Gateway rejects', () => {
  test('a request that matches no route, with 404', async () => {
    const { send } = await startApi({ routes: ['GET /here'] });
    const response = await send({ path: '/there' });
    expect([response.status, bodyOf(response)]).toEqual([404, '{"message":"Not Found"}']);
    expect((await send({ path: '/here', method: 'POST' })).status).toBe(404);
  });

  test('a body above 10 MB, with 413', async () => {
    const { send } = await startApi();
    const response = await send({ method: 'POST', body: new Uint8Array(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
  });

  test('requests above the throttle of the stage, with 429, until the bucket refills', async () => {
    const { clock, send } = await startApi({
      stage: { DefaultRouteSettings: { ThrottlingBurstLimit: 2, ThrottlingRateLimit: 1 } },
    });
    const statuses = [await send({}), await send({}), await send({})].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
    await clock.advance(1_000);
    expect((await send({})).status).toBe(200);
    expect(bodyOf(await send({}))).toBe('{"message":"Too Many Requests"}');
  });

  test('requests above the throttle of a route with its own settings', async () => {
    const { send } = await startApi({
      routes: ['GET /a', 'GET /b'],
      stage: { RouteSettings: { 'GET /a': { ThrottlingBurstLimit: 1, ThrottlingRateLimit: 1 } } },
    });
    const paths = ['/a', '/a', '/b', '/b'];
    const statuses: number[] = [];
    for (const path of paths) statuses.push((await send({ path })).status);
    expect(statuses).toEqual([200, 429, 200, 200]);
  });

  test('an unsigned request to a route of AWS_IAM, with 403', async () => {
    const { send } = await startApi({ routes: [{ key: 'GET /', AuthorizationType: 'AWS_IAM' }] });
    expect((await send({})).status).toBe(403);
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260305/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00';
    const { requestContext } = eventOf(await send({ headers: { authorization } }));
    expect(requestContext).toMatchObject({ authorizer: { iam: { accessKey: 'AKIAEXAMPLE' } } });
  });

  test.each([
    [['*/*/a/{x}'], '/a/1', 200],
    [['*/*/b'], '/a/1', 500],
    [['*/POST/a/{x}'], '/a/1', 500],
  ])('to invoke a function whose policy allows %j, for %s: %i', async (permissions, path, status) => {
    const { send } = await startApi({ routes: ['GET /a/{x}'], permissions });
    expect((await send({ path })).status).toBe(status);
  });
});

describe('CORS', () => {
  const cors = {
    CorsConfiguration: {
      AllowOrigins: ['https://console.example'],
      AllowMethods: ['GET', 'POST'],
      AllowHeaders: ['authorization'],
      ExposeHeaders: ['x-count'],
      MaxAge: 600,
    },
  };
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  });

  test('answers a preflight without the function', async () => {
    const { stack, send } = await startApi({ api: cors });
    const response = await send(preflight('https://console.example'));
    expect(response).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://console.example',
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'authorization',
        'access-control-max-age': '600',
      },
    });
    expect(stack.meter.counts()['lambda.requests']).toBeUndefined();
    expect((await send(preflight('https://evil.example'))).headers).toEqual({});
  });

  test('replaces the headers of the function on a response', async () => {
    const { send } = await startApi({ api: cors });
    const answer = { statusCode: 200, headers: { 'access-control-allow-origin': '*' } };
    const { headers } = await send({
      headers: { origin: 'https://console.example', ...answering(answer).headers },
    });
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://console.example',
      'access-control-expose-headers': 'x-count',
    });
  });
});

test('meters requests in chunks of 512 KB', async () => {
  const { stack, send } = await startApi();
  await send({});
  await send({
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: new Uint8Array(512 * 1024 + 1),
  });
  expect(stack.meter.counts()['apigateway.requests']).toBe(3);
});

test('serves a named stage below its name', async () => {
  const { send } = await startApi({ routes: ['GET /a'], stage: { StageName: 'prod' } });
  expect(eventOf(await send({ path: '/prod/a' })).rawPath).toBe('/prod/a');
  expect((await send({ path: '/a' })).status).toBe(404);
});

describe('the route of a request', () => {
  const keys = [
    '$default',
    'ANY /{proxy+}',
    'ANY /v1/{proxy+}',
    'GET /v1/topics/{topic}',
    'ANY /v1/topics/{topic}',
    'GET /v1/topics/all',
    'POST /v1/topics/{topic}/events',
    'GET /',
  ];
  const route = createRouter(
    keys.map((routeKey) => ({
      apiId: 'a',
      routeId: routeKey,
      routeKey,
      integrationId: 'i',
      authorizationType: 'NONE' as const,
    })),
  );
  test.each([
    ['GET', '/v1/topics/all', 'GET /v1/topics/all'],
    ['GET', '/v1/topics/orders', 'GET /v1/topics/{topic}'],
    ['PUT', '/v1/topics/orders', 'ANY /v1/topics/{topic}'],
    ['POST', '/v1/topics/orders/events', 'POST /v1/topics/{topic}/events'],
    ['GET', '/v1/topics/orders/events', 'ANY /v1/{proxy+}'],
    ['GET', '/v1/topics/', 'ANY /v1/{proxy+}'],
    ['GET', '/elsewhere', 'ANY /{proxy+}'],
    ['GET', '/', 'GET /'],
    ['POST', '/', '$default'],
  ])('%s %s is %s', (method, path, expected) => {
    expect(route(method, path)?.route.routeKey).toBe(expected);
  });

  test.each([
    ['GET /{proxy+}/more', /greedy variable must come last/],
    ['FETCH /x', /FETCH is not a method/],
    ['GET x', /a method and a path/],
    ['GET /a{b}', /mixes text and a variable/],
  ])('cannot be %s', (routeKey, problem) => {
    expect(routeKeyProblem(routeKey)).toMatch(problem);
  });
});
