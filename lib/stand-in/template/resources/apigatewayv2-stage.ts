import { z } from 'zod';
import type { Throttle } from '../../engines/http/model.ts';
import { decimal, flag, integer, resourceType, unlessGone, waived } from '../resource.ts';

const routeSettings = z.strictObject({
  ThrottlingBurstLimit: integer.optional(),
  ThrottlingRateLimit: decimal.optional(),
  DetailedMetricsEnabled: waived('There is no CloudWatch here.'),
});
const properties = z.strictObject({
  ApiId: z.string(),
  StageName: z.string(),
  AutoDeploy: flag.pipe(
    z.literal(true, 'The stand-in deploys every change at once, so a stage must have AutoDeploy.'),
  ),
  DefaultRouteSettings: routeSettings.optional(),
  /** By route key. */
  RouteSettings: z.record(z.string(), routeSettings).optional(),
  AccessLogSettings: waived('There is no CloudWatch here to write access logs to.'),
  Description: waived('A description has no effect.'),
  Tags: waived('No supported policy reads the tags of a stage.'),
});
type Properties = z.infer<typeof properties>;

/** A throttle needs both limits; one alone could not be stored. */
function throttle(settings: z.infer<typeof routeSettings> | undefined, where: string): Throttle | undefined {
  const { ThrottlingBurstLimit: burst, ThrottlingRateLimit: ratePerSecond } = settings ?? {};
  if (burst === undefined && ratePerSecond === undefined) return undefined;
  if (burst === undefined || ratePerSecond === undefined) {
    throw new Error(`${where} needs both ThrottlingBurstLimit and ThrottlingRateLimit.`);
  }
  return { burst, ratePerSecond };
}

function stage(wanted: Properties) {
  const routeThrottles: Record<string, Throttle> = {};
  for (const [routeKey, settings] of Object.entries(wanted.RouteSettings ?? {})) {
    const found = throttle(settings, `RouteSettings.${routeKey}`);
    if (found !== undefined) routeThrottles[routeKey] = found;
  }
  return {
    apiId: wanted.ApiId,
    stageName: wanted.StageName,
    defaultThrottle: throttle(wanted.DefaultRouteSettings, 'DefaultRouteSettings'),
    routeThrottles,
  };
}

export const apigatewayv2Stage = resourceType<Properties>({
  type: 'AWS::ApiGatewayV2::Stage',
  properties,
  replacedBy: ['ApiId', 'StageName'],
  async create(wanted, { account }) {
    account.httpApis.putStage(stage(wanted));
    return { physicalId: wanted.StageName };
  },
  async update(placed, wanted, _before, { account }) {
    account.httpApis.putStage(stage(wanted));
    return placed;
  },
  async delete(placed, { ApiId }, { account }) {
    await unlessGone(() => account.httpApis.deleteStage(ApiId, placed.physicalId), ['NotFoundException']);
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: {} }),
});
