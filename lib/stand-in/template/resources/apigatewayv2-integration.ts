import { z } from 'zod';
import { httpApiLimits } from '../../engines/http/gateway.ts';
import { integer, resourceType, unlessGone, waived } from '../resource.ts';

const invocationUri =
  /^arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/;

const properties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY', 'The stand-in supports only Lambda proxy integrations.'),
  /** The ARN of a function, or an invocation URI that contains it. */
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0', 'The stand-in supports only payload format 2.0.'),
  TimeoutInMillis: integer.optional(),
  IntegrationMethod: waived('A function is always invoked by POST.'),
  ConnectionType: waived('There are no VPC links here.'),
  Description: waived('A description has no effect.'),
});
type Properties = z.infer<typeof properties>;

const integration = (integrationId: string, wanted: Properties) => ({
  apiId: wanted.ApiId,
  integrationId,
  functionArn: invocationUri.exec(wanted.IntegrationUri)?.[1] ?? wanted.IntegrationUri,
  timeoutMs: wanted.TimeoutInMillis ?? httpApiLimits.timeoutMsMax,
});

export const apigatewayv2Integration = resourceType<Properties>({
  type: 'AWS::ApiGatewayV2::Integration',
  properties,
  replacedBy: ['ApiId'],
  async create(wanted, { account, id }) {
    const integrationId = id();
    account.httpApis.putIntegration(integration(integrationId, wanted));
    return { physicalId: integrationId };
  },
  async update(placed, wanted, _before, { account }) {
    account.httpApis.putIntegration(integration(placed.physicalId, wanted));
    return placed;
  },
  async delete(placed, { ApiId }, { account }) {
    await unlessGone(
      () => account.httpApis.deleteIntegration(ApiId, placed.physicalId),
      ['NotFoundException'],
    );
  },
  values: async (placed) => ({
    ref: placed.physicalId,
    attributes: { IntegrationId: placed.physicalId },
  }),
});
