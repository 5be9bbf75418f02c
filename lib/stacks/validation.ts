import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { validateModes } from '../core/registry/validation.ts';
import { variables } from '../runtime/config.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import type { Delay } from './schedule.ts';
import { grantWatching } from './watch.ts';

/** What the operator decides about the agreement of endpoints; the functions that send need it in their environment. */
export class ValidationParameters extends Construct {
  readonly environment: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, prefix: string) {
    super(scope, id);
    const validate = new CfnParameter(Stack.of(this), 'Validate', {
      type: 'String',
      default: 'none',
      allowedValues: [...validateModes],
      description:
        'Whether endpoints must agree before they get events: none leaves it to each receiver, handshake demands it',
    });
    const origin = new CfnParameter(Stack.of(this), 'Origin', {
      type: 'String',
      default: `${prefix}.busbar.internal`,
      allowedPattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$',
      constraintDescription: 'must be a DNS name such as events.example.com',
      description: 'What the bus calls itself to endpoints that are asked to agree: a DNS name of yours',
    });
    this.environment = {
      [variables.validate]: validate.valueAsString,
      [variables.origin]: origin.valueAsString,
    };
  }
}

interface ValidationProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  /** In their calls an endpoint may have to be asked. */
  readonly admin: BusFunction;
  readonly declare: BusFunction;
}

/** Asks endpoints, again and again and ever more rarely, until their owners agree: called by a schedule a receiver. */
export class Validation extends Construct {
  readonly validate: BusFunction;

  constructor(scope: Construct, id: string, props: ValidationProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, admin, declare } = props;
    this.validate = new BusFunction(this, 'Validate', {
      name: 'validate',
      prefix: place.prefix,
      description: 'Asks endpoints whether they agree to get events',
      timeoutSeconds: 60,
      memoryMb: 256,
      environment,
    });
    this.validate.grant(['dynamodb:GetItem', 'dynamodb:PutItem'], [tableArn]);
    grantMappings(this.validate, place);
    grantWatching({
      ...{ place, delay, watcher: 'validate' },
      start: [this.validate, admin, declare],
      stop: [this.validate, admin],
    });
  }

  /** Where owners of endpoints reach the bus; known only once the API is there, which calls some of these functions. */
  tellApiUrl(url: string, ...functions: readonly BusFunction[]): void {
    for (const each of [this.validate, ...functions]) {
      each.function.addEnvironment(variables.apiUrl, url);
    }
  }
}
