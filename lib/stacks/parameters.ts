import { Aws, CfnCondition, CfnParameter, Fn, Stack, Token } from 'aws-cdk-lib';
import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { deliveryBatchingSecondsMax, receiverConcurrencyMaxDefault } from '../core/deliver/limits.ts';
import { endpointPortsDefault } from '../core/kernel/endpoint.ts';
import { validateModes } from '../core/registry/validation.ts';
import { busMetrics, metricsModes } from '../core/statistics/emf.ts';
import { variables } from '../runtime/config.ts';

/** The parameters by which an operator decides about endpoints, as environment variables of every function. */
export function endpointParameters(stack: Stack, prefix: string): Readonly<Record<string, string>> {
  const endpoints = new CfnParameter(stack, 'Endpoints', {
    type: 'String',
    default: 'public',
    allowedValues: ['public', 'any'],
    description: 'Which endpoints receivers may have: public https, or any (for a laptop)',
  });
  const ports = new CfnParameter(stack, 'EndpointPorts', {
    type: 'String',
    default: String(endpointPortsDefault),
    allowedPattern: '^(any|[0-9]{1,5}(,[0-9]{1,5})*)$',
    constraintDescription: 'must be any, or ports such as 443,8443',
    description: 'The ports at which endpoints of receivers may be, or any (for a laptop)',
  });
  const validate = new CfnParameter(stack, 'Validate', {
    type: 'String',
    default: 'none',
    allowedValues: [...validateModes],
    description:
      'Whether endpoints must agree before they get events: none leaves it to each receiver, handshake demands it',
  });
  const origin = new CfnParameter(stack, 'Origin', {
    type: 'String',
    default: `${prefix}.busbar.internal`,
    allowedPattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
    constraintDescription: 'must be a DNS name such as events.example.com',
    description: 'What the bus calls itself to endpoints that are asked to agree: a DNS name of yours',
  });
  const apiHosts = new CfnParameter(stack, 'ApiHosts', {
    type: 'String',
    default: 'none',
    allowedPattern: '^(none|[A-Za-z0-9.-]{1,253}(,[A-Za-z0-9.-]{1,253}){0,19})$',
    constraintDescription: 'must be none, or DNS names such as events.example.com,bus.example.com',
    description: 'Custom domains of the API, which no endpoint may have: events would go round in a circle',
  });
  const trustedOrigins = new CfnParameter(stack, 'TrustedOrigins', {
    type: 'String',
    default: 'none',
    allowedPattern: '^(none|https://[A-Za-z0-9.:-]{1,259}(,https://[A-Za-z0-9.:-]{1,259}){0,19})$',
    constraintDescription: 'must be none, or origins such as https://login.example.com',
    description:
      'With Validate=handshake: where tokens may be fetched and transactions checked without an agreement',
  });
  const concurrency = new CfnParameter(stack, 'ReceiverConcurrency', {
    type: 'Number',
    default: receiverConcurrencyMaxDefault,
    minValue: 1,
    maxValue: 10_000,
    description:
      'The most requests at once that a receiver may ask for; ten of them take one of the concurrent executions of the account',
  });
  return {
    [variables.receiverConcurrency]: concurrency.valueAsString,
    [variables.apiHosts]: apiHosts.valueAsString,
    [variables.trustedOrigins]: trustedOrigins.valueAsString,
    [variables.endpoints]: endpoints.valueAsString,
    [variables.endpointPorts]: ports.valueAsString,
    [variables.validate]: validate.valueAsString,
    [variables.origin]: origin.valueAsString,
  };
}

/** How long batches wait for more messages before they are delivered: fewer of them cost less, and are later. */
export function deliveryBatchingParameter(stack: Stack): CfnParameter {
  return new CfnParameter(stack, 'DeliveryBatchingSeconds', {
    type: 'Number',
    default: 0,
    minValue: 0,
    maxValue: deliveryBatchingSecondsMax,
    description:
      'How long deliveries wait for others of their receiver, which makes them cheaper; 0 for none',
  });
}

/** Which metrics the functions write into their logs, for CloudWatch to read. */
export function metricsParameter(stack: Stack): CfnParameter {
  return new CfnParameter(stack, 'Metrics', {
    type: 'String',
    default: 'off',
    allowedValues: [...metricsModes],
    description: `Custom metrics, 30 cents a month each: off; bus for ${busMetrics.length} of the whole bus; declared also for each declared receiver (4) and topic (3)`,
  });
}

/** How many requests the API takes. What an account has by default changes nothing. */
export function apiThrottleParameters(scope: Construct): {
  readonly burst: number;
  readonly perSecond: number;
} {
  const stack = Stack.of(scope);
  const perSecond = new CfnParameter(stack, 'ApiRequestsPerSecond', {
    type: 'Number',
    default: 10_000,
    minValue: 1,
    description: 'How many requests a second the API takes; it answers 429 to others',
  });
  const burst = new CfnParameter(stack, 'ApiBurst', {
    type: 'Number',
    default: 5000,
    minValue: 1,
    description: 'How many requests the API takes at once beyond that rate',
  });
  return { burst: burst.valueAsNumber, perSecond: perSecond.valueAsNumber };
}

/**
 * Lets the operator reserve concurrency for a function: no other function can take it away, and it takes no more. Without
 * a reservation it shares what the account has.
 */
export function reserveByParameter(of: LambdaFunction, parameter: string, what: string): void {
  const stack = Stack.of(of);
  const reserved = new CfnParameter(stack, parameter, {
    type: 'Number',
    default: 0,
    minValue: 0,
    description: `Reserved concurrency of the function that ${what}; 0 reserves none`,
  });
  const isReserved = new CfnCondition(stack, `Has${parameter}`, {
    expression: Fn.conditionNot(Fn.conditionEquals(reserved.valueAsString, '0')),
  });
  const resource = of.node.defaultChild as CfnFunction;
  resource.reservedConcurrentExecutions = Token.asNumber(
    Fn.conditionIf(isReserved.logicalId, reserved.valueAsNumber, Aws.NO_VALUE),
  );
}
