import { Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { variables } from '../runtime/config.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';

/** The HTTP API: two routes publish events, the admin function answers everything else. The functions check the keys. */
export class Api extends Construct {
  readonly api: HttpApi;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly prefix: string; readonly publish: BusFunction; readonly admin: BusFunction },
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
    Validations.of(this.api).acknowledge(
      { id: 'AwsSolutions-APIG1', reason: reasons.noAccessLog },
      { id: 'AwsSolutions-APIG4', reason: reasons.keysInFunctions },
    );
  }

  /** Gives these functions the URL of the API, which exists only after the functions that it calls. */
  addUrlTo(...functions: readonly BusFunction[]): void {
    for (const each of functions) each.function.addEnvironment(variables.apiUrl, this.api.apiEndpoint);
  }
}
