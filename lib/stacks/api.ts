import { Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { reasons } from './nag.ts';

/** The HTTP API: two routes take events, everything else is the registry's. Keys are checked by the functions. */
export class Api extends Construct {
  readonly api: HttpApi;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly prefix: string; readonly publish: LambdaFunction; readonly admin: LambdaFunction },
  ) {
    super(scope, id);
    const publish = new HttpLambdaIntegration('PublishIntegration', props.publish);
    const admin = new HttpLambdaIntegration('AdminIntegration', props.admin);
    this.api = new HttpApi(this, 'Api', {
      apiName: props.prefix,
      description: 'The HTTP API of the bus',
      // What no route matches is answered by the registry, as a problem document too.
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
    Validations.of(this.api).acknowledge(
      { id: 'AwsSolutions-APIG1', reason: reasons.noAccessLog },
      { id: 'AwsSolutions-APIG4', reason: reasons.keysInFunctions },
    );
  }
}
