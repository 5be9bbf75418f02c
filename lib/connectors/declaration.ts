import type * as z from 'zod';
import type { ApplicationSpec } from '../core/access/application.ts';
import type { MakeTopics } from '../core/access/topic-access.ts';
import {
  type Declaration,
  type DeclaredKinds,
  parseDeclaration as parseWith,
} from '../core/declaration/declaration.ts';
import type { receiverFields } from '../core/registry/receiver.ts';
import type { SubscriptionSpec } from '../core/registry/subscription.ts';
import type { TopicSpec } from '../core/registry/topic.ts';
import type { SignInInput } from '../core/sign-in/sign-in.ts';
import { type DeclaredFields, sinks } from './index.ts';
import { rocketMqFunction } from './rocketmq/function-settings.ts';
import { rocketMqSource } from './rocketmq/source.ts';

/** What the kinds of receivers and sources add to busbar.config.ts. */
const functions = { ...rocketMqFunction };
const bridges = rocketMqSource;

const kinds: DeclaredKinds = { receivers: sinks, bridges, functions };

type Every<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
type Input<Shape> = z.input<z.ZodObject<Shape & z.ZodRawShape>>;

/** What a team writes in busbar.config.ts: every part may be left out. */
export interface DeclarationInput extends Partial<z.input<z.ZodObject<typeof functions>>> {
  /** The teams that own the rest; a parent may be declared here or made over the API. */
  readonly applications?: Readonly<Record<string, ApplicationSpec>>;
  /** Whether members make topics `freely`, as when it is left out, or `request` each of an admin. */
  readonly members?: { readonly makeTopics?: MakeTopics };
  /** The OpenID provider by which staff sign in, and what its groups may do. */
  readonly oidc?: SignInInput;
  readonly topics?: Readonly<Record<string, TopicSpec>>;
  readonly receivers?: Readonly<
    Record<string, Omit<z.input<typeof receiverFields>, 'secret'> & Partial<Input<Every<DeclaredFields>>>>
  >;
  /** Topic to receiver to subscription. */
  readonly subscriptions?: Readonly<Record<string, Readonly<Record<string, SubscriptionSpec>>>>;
  /** Receivers that are no longer declared and may go with what waits for them, which is lost. */
  readonly dropWaitingOf?: readonly string[];
  /** What is brought to topics from elsewhere. */
  readonly bridges?: Readonly<Record<string, z.input<typeof bridges.schema>>>;
}

/** @throws BusbarError invalid_request, naming every wrong field and every name that nothing declares. */
export const parseDeclaration = (value: unknown): Declaration => parseWith(kinds, value);

/** What busbar.config.ts exports, checked while the stack is synthesized. */
export function defineBus(input: DeclarationInput): Declaration {
  return parseDeclaration(input);
}
