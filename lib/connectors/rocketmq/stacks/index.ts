import { CfnParameter } from 'aws-cdk-lib';
import type { KindConstruct } from '../../../stacks/kind-construct.ts';
import type { Bridge } from '../bridge.ts';
import { variables } from '../config.ts';
import type { RocketMqFunctionSettings } from '../function-settings.ts';
import { rocketMq } from '../kind.ts';
import { Bridges } from './bridge.ts';
import { RocketMqReceiver } from './receiver.ts';

/** The ids are those of the first release: a stack that is updated keeps its resources. */
export const rocketMqConstruct: KindConstruct = {
  environment(stack) {
    const endpoints = new CfnParameter(stack, 'RocketMqEndpoints', {
      type: 'String',
      default: 'none',
      allowedPattern: '^(none|[^, ]+:[0-9]{1,5}(,[^, ]+:[0-9]{1,5})*)$',
      constraintDescription: 'must be none, or proxies such as mq.example.com:8081,10.0.0.7:8081',
      description:
        'The RocketMQ proxies that receivers may name: the bus connects to whatever these name as brokers',
    });
    return { [variables.endpoints]: endpoints.valueAsString };
  },
  addSender(stack, { declaration, ...props }) {
    // The schema of the declaration is the kind's own.
    const { rocketmq: settings } = declaration as { readonly rocketmq?: RocketMqFunctionSettings };
    const { deliverRocketMq } = new RocketMqReceiver(stack, 'RocketMqReceiver', {
      ...props,
      vpc: settings?.vpc,
    });
    return { name: rocketMq.deliveredBy, function: deliverRocketMq };
  },
  addBridges(stack, { declaration, ...props }) {
    const bridges = declaration.bridges as Readonly<Record<string, Bridge>>;
    new Bridges(stack, 'Bridges', { ...props, bridges });
  },
};
