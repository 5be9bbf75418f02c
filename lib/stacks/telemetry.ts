import { CfnCondition, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { type CfnPolicy, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { variables } from '../runtime/config.ts';
import type { BusFunction } from './bus-function.ts';

/** Where functions send the spans of events, by the parameters of the stack: nowhere unless an operator says so. */
export class Telemetry extends Construct {
  constructor(scope: Construct, id: string, functions: readonly BusFunction[]) {
    super(scope, id);
    const stack = Stack.of(this);
    const endpoint = new CfnParameter(stack, 'OtlpEndpoint', {
      type: 'String',
      default: 'none',
      allowedPattern: '^(none|https?://[A-Za-z0-9.:/_\\[\\]-]{1,500})$',
      constraintDescription: 'must be none, or a URL such as https://otel.example.com',
      description: 'An OpenTelemetry collector that gets spans by OTLP/HTTP, without /v1/traces; or none',
    });
    const secret = new CfnParameter(stack, 'OtlpHeadersFrom', {
      type: 'String',
      default: 'none',
      allowedPattern: '^[A-Za-z0-9/_+=.@-]{1,505}$',
      constraintDescription: 'must be none, or the name of a secret',
      description:
        'The secret in Secrets Manager with the headers that the collector wants, as a JSON object; or none',
    });
    for (const each of functions) {
      each.function.addEnvironment(variables.otlpEndpoint, endpoint.valueAsString);
      each.function.addEnvironment(variables.otlpHeadersSecret, secret.valueAsString);
    }
    const hasSecret = new CfnCondition(stack, 'HasOtlpHeadersFrom', {
      expression: Fn.conditionNot(Fn.conditionEquals(secret.valueAsString, 'none')),
    });
    const { partition, region, account } = stack;
    // Secrets Manager adds six characters to the name.
    const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${secret.valueAsString}-??????`;
    const policy = new Policy(this, 'ReadHeaders', {
      roles: functions.map(({ role }) => role),
      statements: [new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] })],
    });
    (policy.node.defaultChild as CfnPolicy).cfnOptions.condition = hasSecret;
  }
}
