import type { Construct } from 'constructs';
import type { Declaration } from '../core/declaration/declaration.ts';
import type { Alarms } from './alarms.ts';
import type { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import type { Trace } from './trace.ts';

/** What the parts of a kind are made with. */
export interface KindProps extends BusPartProps {
  readonly declaration: Declaration;
}

/** What a kind deploys for itself, beside its use of the functions that all kinds share. */
export interface KindConstruct {
  /** Variables of every function, such as one that a parameter of the stack sets. */
  environment(stack: Construct): Readonly<Record<string, string>>;
  /** The function that delivers to receivers of the kind, granted what it needs; its name is the `deliveredBy` of the kind. */
  addSender(stack: Construct, props: KindProps): { readonly name: string; readonly function: BusFunction };
  /** The functions of its bridges; none where none is declared. */
  addBridges(stack: Construct, props: KindProps & { readonly alarms: Alarms; readonly trace: Trace }): void;
}
