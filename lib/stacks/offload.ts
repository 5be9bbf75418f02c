import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';
import { grantWatching } from './watch.ts';

interface OffloadProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  /** All that deliver: a probe is one delivery alone, which tells nothing of types. */
  readonly senders: readonly BusFunction[];
}

/**
 * What hot types need beside the deliver function: a function that looks whether they cooled, called by a schedule a
 * receiver while its offline lane is open.
 */
export class Offload extends Construct {
  constructor(scope: Construct, id: string, props: OffloadProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, senders } = props;
    const offload = new BusFunction(this, 'Offload', {
      name: 'offload',
      prefix: place.prefix,
      description: 'Looks whether hot types cooled, and closes the offline lane',
      timeoutSeconds: 30,
      memoryMb: 256,
      environment,
    });
    offload.grant(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], [tableArn]);
    offload.grantByPattern(['sqs:GetQueueAttributes'], [anyQueue(place, 'offline')], reasons.madeAtRunTime);
    grantMappings(offload, place);
    grantWatching({ place, delay, watcher: 'offload', start: [...senders, offload], stop: [offload] });
  }
}
