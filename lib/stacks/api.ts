import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type CfnStage, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import { apiThrottleParameters } from './parameters.ts';

/**
 * What the access log says of a request. The path holds no credential; a query string may (the token of an agreement), and
 * so may a header, so neither is logged.
 */
const accessLogFormat = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  responseBytes: '$context.responseLength',
  problem: '$context.integrationErrorMessage',
};

/**
 * The HTTP API: two routes publish events, two serve the console, the admin function answers everything else. The functions
 * check the keys.
 */
export class Api extends Construct {
  readonly api: HttpApi;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly prefix: string;
      readonly publish: BusFunction;
      readonly admin: BusFunction;
      readonly console: BusFunction;
    },
  ) {
    super(scope, id);
    const publish = new HttpLambdaIntegration('PublishIntegration', props.publish.function);
    const admin = new HttpLambdaIntegration('AdminIntegration', props.admin.function);
    this.api = new HttpApi(this, 'Api', {
      apiName: props.prefix,
      description: 'The HTTP API of the bus',
      // The admin function answers unknown paths too, with a problem document.
      defaultIntegration: admin,
    });
    this.api.addRoutes({
      path: '/v1/topics/{topic}/events',
      methods: [HttpMethod.POST],
      integration: publish,
    });
    this.api.addRoutes({
      path: '/v1/receivers/{receiver}/events',
      methods: [HttpMethod.POST],
      integration: publish,
    });
    const console = new HttpLambdaIntegration('ConsoleIntegration', props.console.function);
    for (const path of ['/console', '/console/{proxy+}']) {
      this.api.addRoutes({ path, methods: [HttpMethod.GET, HttpMethod.HEAD], integration: console });
    }
    Validations.of(this.api).acknowledge({ id: 'AwsSolutions-APIG4', reason: reasons.keysInFunctions });
    this.configureStage(props.prefix);
  }

  /** Throttling and access logs, which the construct of the stage does not take. */
  private configureStage(prefix: string): void {
    const stage = this.api.defaultStage?.node.defaultChild as CfnStage;
    const logs = new LogGroup(this, 'AccessLogs', {
      // Log groups of this name need no resource policy of their own, of which an account has ten.
      logGroupName: `/aws/vendedlogs/${prefix}-api`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { burst, perSecond } = apiThrottleParameters(this);
    stage.defaultRouteSettings = { throttlingBurstLimit: burst, throttlingRateLimit: perSecond };
    stage.accessLogSettings = {
      destinationArn: logs.logGroupArn,
      format: JSON.stringify(accessLogFormat),
    };
  }
}
