import { z } from 'zod';
import { flag, integer, resourceType, unlessGone, waived } from '../resource.ts';

const properties = z.strictObject({
  Name: z.string(),
  ProtocolType: z.literal('HTTP', 'The stand-in serves only HTTP APIs.'),
  CorsConfiguration: z
    .strictObject({
      AllowOrigins: z.array(z.string()).optional(),
      AllowMethods: z.array(z.string()).optional(),
      AllowHeaders: z.array(z.string()).optional(),
      ExposeHeaders: z.array(z.string()).optional(),
      MaxAge: integer.optional(),
      AllowCredentials: flag.optional(),
    })
    .optional(),
  Description: waived('A description has no effect.'),
  DisableExecuteApiEndpoint: waived('The API is served on a port of this machine, with or without a domain.'),
  IpAddressType: waived('The API is served on the loopback address of this machine.'),
  Tags: waived('No supported policy reads the tags of an API.'),
});
type Properties = z.infer<typeof properties>;

function api(apiId: string, { Name, CorsConfiguration: cors }: Properties) {
  return {
    apiId,
    name: Name,
    cors:
      cors === undefined
        ? undefined
        : {
            allowOrigins: cors.AllowOrigins ?? [],
            allowMethods: cors.AllowMethods ?? [],
            allowHeaders: cors.AllowHeaders ?? [],
            exposeHeaders: cors.ExposeHeaders ?? [],
            maxAgeSeconds: cors.MaxAge,
            allowCredentials: cors.AllowCredentials ?? false,
          },
  };
}

export const apigatewayv2Api = resourceType<Properties>({
  type: 'AWS::ApiGatewayV2::Api',
  properties,
  replacedBy: ['ProtocolType'],
  async create(wanted, { account, id }) {
    const apiId = id();
    account.httpApis.putApi(api(apiId, wanted));
    return { physicalId: apiId };
  },
  async update(placed, wanted, _before, { account }) {
    account.httpApis.putApi(api(placed.physicalId, wanted));
    return placed;
  },
  async delete(placed, _properties, { account }) {
    await unlessGone(() => account.httpApis.deleteApi(placed.physicalId), ['NotFoundException']);
  },
  values: async (placed, _properties, { account }) => ({
    ref: placed.physicalId,
    attributes: { ApiId: placed.physicalId, ApiEndpoint: account.apiEndpoint(placed.physicalId) },
  }),
});
