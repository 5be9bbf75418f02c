import { z } from 'zod';
import { resourceType, unlessGone, waived } from '../resource.ts';

const properties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string().regex(/^integrations\/.+$/, 'A route must target integrations/<id>.'),
  AuthorizationType: z
    .enum(['NONE', 'AWS_IAM'], 'The stand-in supports the authorization types NONE and AWS_IAM.')
    .optional(),
  OperationName: waived('An operation name has no effect.'),
});
type Properties = z.infer<typeof properties>;

const route = (routeId: string, wanted: Properties) => ({
  apiId: wanted.ApiId,
  routeId,
  routeKey: wanted.RouteKey,
  integrationId: wanted.Target.slice('integrations/'.length),
  authorizationType: wanted.AuthorizationType ?? ('NONE' as const),
});

export const apigatewayv2Route = resourceType<Properties>({
  type: 'AWS::ApiGatewayV2::Route',
  properties,
  replacedBy: ['ApiId'],
  async create(wanted, { account, id }) {
    const routeId = id();
    account.httpApis.putRoute(route(routeId, wanted));
    return { physicalId: routeId };
  },
  async update(placed, wanted, _before, { account }) {
    account.httpApis.putRoute(route(placed.physicalId, wanted));
    return placed;
  },
  async delete(placed, { ApiId }, { account }) {
    await unlessGone(() => account.httpApis.deleteRoute(ApiId, placed.physicalId), ['NotFoundException']);
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: { RouteId: placed.physicalId } }),
});
