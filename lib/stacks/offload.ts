import { Construct } from 'constructs';
import type { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { grantMappings } from './mappings.ts';
import { reasons } from './nag.ts';
import { WatchFunction } from './watch.ts';

interface OffloadProps extends BusPartProps {
  /** All functions that deliver. The probe is not one of them: a single delivery says nothing about types. */
  readonly senders: readonly BusFunction[];
}

/** Checks whether the hot types of a receiver have cooled, while its offline lane is open. */
export class Offload extends Construct {
  constructor(scope: Construct, id: string, props: OffloadProps) {
    super(scope, id);
    const { place, tableArn, senders } = props;
    const offload = new WatchFunction(this, 'Offload', props, {
      watcher: 'offload',
      description: 'Looks whether hot types cooled, and closes the offline lane',
      timeoutSeconds: 30,
    });
    offload.grant(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], [tableArn]);
    offload.grantByPattern(['sqs:GetQueueAttributes'], [anyQueue(place, 'offline')], reasons.madeAtRunTime);
    grantMappings(offload, place);
    offload.grantControl({ start: [...senders, offload], stop: [offload] });
  }
}
