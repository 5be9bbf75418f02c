import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/stand-in/clock.ts';
import type { HttpApiRequest, HttpApiResponse } from '../../lib/stand-in/engines/http/model.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { lambdaFunction, type Resources, role, startTestStack, writeAssembly } from './stack.ts';

/** A function that answers as the header `x-answer` asks; without it, the answer is the event. */
const source = `
  export const create = () => async (event) => {
    const wanted = event.headers['x-answer'];
    if (wanted === 'throw') throw new Error('broken');
    return wanted === undefined ? { statusCode: 200, body: JSON.stringify(event) } : JSON.parse(wanted);
  };`;

const arn = { 'Fn::GetAtt': ['Function', 'Arn'] };
const permission = (more: object) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: { FunctionName: arn, Principal: '*', ...more },
});
/** What the CDK writes for a URL without authentication. */
const both: Resources = {
  OfUrl: permission({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
  OfFunction: permission({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true }),
};

const assembly = (permissions: Resources = both, properties: object = {}) =>
  writeAssembly(
    {
      Role: role(),
      Function: lambdaFunction('echo', 'Role', properties),
      Url: { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: arn, AuthType: 'NONE' } },
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'test', ProtocolType: 'HTTP' } },
      ...permissions,
    },
    { echo: source },
    {
      Outputs: {
        Url: { Value: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } },
        Function: { Value: { Ref: 'Url' } },
      },
    },
  );

async function startUrl(permissions?: Resources, properties?: object) {
  const stack = await startTestStack(assembly(permissions, properties));
  const url = new URL(stack.outputs.Url ?? '');
  return {
    stack,
    url,
    send: (request: Partial<HttpApiRequest> = {}, path = '') =>
      stack.handleHttp({
        method: 'GET',
        path: `${url.pathname}${path}`,
        query: '',
        headers: {},
        body: new Uint8Array(),
        sourceIp: '127.0.0.1',
        ...request,
      }),
  };
}

const jsonOf = (response: HttpApiResponse) => JSON.parse(Buffer.from(response.body).toString('utf8'));

describe('a function URL', () => {
  test('is below the API, and its reference is the function, as on AWS', async () => {
    const { stack, url } = await startUrl();
    expect(url.href).toMatch(/^http:\/\/127\.0\.0\.1:4100\/lambda-url\/[a-z0-9]+\/$/);
    expect(stack.outputs.Function).toMatch(/^arn:aws:lambda:us-east-1:\d{12}:function:/);
  });

  test('invokes the function with payload format 2.0, an anonymous account and the path as it was sent', async () => {
    const { send, url } = await startUrl();
    const urlId = url.pathname.split('/')[2];
    const response = await send(
      {
        method: 'POST',
        query: 'a=1',
        headers: { 'content-type': 'application/json', 'user-agent': 'test/1' },
        body: Buffer.from('{"a":"ü"}'),
      },
      'v1/topics/orders%20eu/events',
    );
    const event: APIGatewayProxyEventV2 = jsonOf(response);
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/v1/topics/orders%20eu/events',
      rawQueryString: 'a=1',
      body: '{"a":"ü"}',
      isBase64Encoded: false,
      requestContext: {
        accountId: 'anonymous',
        apiId: urlId,
        domainName: `${urlId}.lambda-url.us-east-1.on.aws`,
        http: { method: 'POST', path: '/v1/topics/orders%20eu/events', sourceIp: '127.0.0.1' },
        stage: '$default',
      },
    });
    expect(event).not.toHaveProperty('pathParameters');
    expect(response.headers['x-amzn-requestid']).toBe(event.requestContext.requestId);
  });

  test('is metered as an invocation and not as a request of the API', async () => {
    const { stack, send } = await startUrl();
    stack.meter.reset();
    await send();
    expect(stack.meter.counts()).toMatchObject({ 'lambda.requests': 1 });
    expect(stack.meter.counts()).not.toHaveProperty('apigateway.requests');
  });

  test.each([
    ['an error of the function', { headers: { 'x-answer': 'throw' } }, 502, 'Internal Server Error'],
    [
      'a body of more than 6 MB',
      { body: Buffer.alloc(6 * 1024 * 1024 + 1) },
      413,
      'Request Entity Too Large',
    ],
    // 5 MB fit as they are, but not as base64 in the event.
    [
      'a body that is too long in base64',
      { body: Buffer.alloc(5_000_000, 0xff) },
      413,
      'Request Entity Too Large',
    ],
  ])('answers %s as Lambda does', async (_what, request, status, Message) => {
    const { send } = await startUrl();
    const response = await send(request);
    expect([response.status, jsonOf(response)]).toEqual([status, { Message }]);
  });

  test('answers 429 when the reserved concurrency of the function is used up', async () => {
    const { send } = await startUrl(both, { ReservedConcurrentExecutions: 0 });
    expect(await send()).toMatchObject({ status: 429 });
  });

  test.each<[string, Resources]>([
    ['neither', {}],
    ['only the URL', { OfUrl: both.OfUrl ?? {} }],
    ['only the function', { OfFunction: both.OfFunction ?? {} }],
    [
      'signed requests',
      {
        ...both,
        OfUrl: permission({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM' }),
      },
    ],
  ])('is forbidden when the policy of the function allows anyone to call %s', async (_what, permissions) => {
    const { send } = await startUrl(permissions);
    const response = await send();
    expect(response).toMatchObject({
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
    });
  });

  test('that does not exist is forbidden, and a path beside it is one of the API', async () => {
    const { send } = await startUrl();
    expect(await send({ path: '/lambda-url/other/' })).toMatchObject({ status: 403 });
    expect(await send({ path: '/lambda-urls/other' })).toMatchObject({ status: 404 });
  });

  test('stays the same over a restart, and goes with its resource', async () => {
    const store = memoryStore();
    const first = await startTestStack(assembly(), { store, clock: systemClock });
    const url = first.outputs.Url;
    await first.close();
    const second = await startTestStack(assembly(), { store });
    expect(second.outputs.Url).toBe(url);
  });
});
