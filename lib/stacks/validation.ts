import { Construct } from 'constructs';
import type { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { WatchFunction } from './watch.ts';

interface ValidationProps extends BusPartProps {
  readonly admin: BusFunction;
  readonly declare: BusFunction;
}

/** Asks endpoints for their owner's agreement, at growing intervals, until they agree. */
export class Validation extends Construct {
  readonly validate: BusFunction;

  constructor(scope: Construct, id: string, props: ValidationProps) {
    super(scope, id);
    const { place, tableArn, admin, declare } = props;
    const validate = new WatchFunction(this, 'Validate', props, {
      watcher: 'validate',
      description: 'Asks endpoints whether they agree to get events',
      timeoutSeconds: 60,
    });
    validate.grant(['dynamodb:GetItem', 'dynamodb:PutItem'], [tableArn]);
    grantMappings(validate, place);
    validate.grantControl({ start: [validate, admin, declare], stop: [validate, admin] });
    this.validate = validate;
  }
}
