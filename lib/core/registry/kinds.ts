import * as z from 'zod';
import { patchSchemaOf } from '../kernel/merge-patch.ts';
import {
  type Format,
  type Receiver,
  type ReceiverSpec,
  receiverFields,
  type ShownReceiver,
} from './receiver.ts';
import { showValidation } from './validation.ts';

/**
 * What the registry asks of a kind of receiver. The kinds themselves are defined in lib/connectors and handed in.
 *
 * `Spec` is the body of a PUT with the fields of the kind, `Row` the receiver as it is stored.
 */
export interface ReceiverKind<Spec extends ReceiverSpec = ReceiverSpec, Row extends Receiver = Receiver> {
  /** The field that makes a receiver one of this kind; one of `fields`. */
  readonly field: string;
  /** What such a receiver is, for errors: `an endpoint`. */
  readonly title: string;
  /** What such receivers are, for errors: `endpoints that are reached by HTTP`. */
  readonly titles: string;
  /** The fields that only this kind has, each optional. They are shown only as `show` writes them. */
  readonly fields: z.ZodRawShape;
  /** The same fields in busbar.config.ts, without credentials, which have no place in a template. */
  readonly declaredFields: z.ZodRawShape;
  /** The same fields as GET shows them, for the OpenAPI document. */
  readonly shownFields: z.ZodRawShape;
  /** What each field is for, for the OpenAPI document; the first also says what differs in the shared fields. */
  readonly fieldTexts: Readonly<Record<string, string>>;
  /** The function that consumes the lanes of such receivers, without the prefix of the bus. */
  readonly deliveredBy: string;
  /** The function that probes their open breakers. */
  readonly probedBy: string;
  /** Whether deliveries are signed, so that such receivers have a secret. */
  readonly isSigned: boolean;
  /** Whether the owner can be asked for consent (`validate: handshake`). */
  readonly isAsked: boolean;
  /** The forms of an event that such receivers may ask for. */
  readonly formats: readonly Format[];
  /** Whether an open breaker can be probed without an event (`breaker.probe: head`). */
  readonly isProbedByHead: boolean;
  /** What is wrong with a body beyond the schemas of its fields. */
  problems?(spec: Spec): readonly Problem[];
  /** The fields of the kind without credentials. */
  show(receiver: Row): Readonly<Record<string, unknown>>;
}

export interface Problem {
  /** Such as `breaker.probe`. */
  readonly path: string;
  readonly detail: string;
}

/** The kinds that a bus has. */
export interface Kinds<Kind extends ReceiverKind = ReceiverKind> {
  readonly all: readonly Kind[];
  /** The body of a receiver's PUT: the fields that all kinds share, and those of exactly one kind. */
  readonly receiverSchema: typeof receiverFields;
  /** The body of a receiver's PATCH, which may also make it one of another kind. */
  readonly receiverPatchSchema: ReturnType<typeof patchSchemaOf>;
  /** The body of a PUT in busbar.config.ts. */
  readonly declaredReceiverSchema: typeof declaredFields;
  /** The kind of a receiver, as a body or as a row. */
  of(receiver: object): Kind;
}

/** A secret has no place in a template; a deployment keeps the one that the registry has. */
const declaredFields = receiverFields.omit({ secret: true });

export type Named = Readonly<Record<string, unknown>>;

/** @param of finds the kind of a receiver. */
export function kindsOf<Kind extends ReceiverKind>(all: readonly Kind[], of: Kinds<Kind>['of']): Kinds<Kind> {
  const check = checkKind(all);
  const shape = (of: (kind: Kind) => z.ZodRawShape) => Object.assign({}, ...all.map(of)) as z.ZodRawShape;
  // The types know the shared fields; a kind knows its own.
  const receiverSchema = once(
    () =>
      z
        .strictObject({ ...shape(({ fields }) => fields), ...receiverFields.shape })
        .superRefine(check) as unknown as typeof receiverFields,
  );
  const receiverPatchSchema = once(() =>
    patchSchemaOf({ ...shape(({ fields }) => fields), ...receiverFields.shape }),
  );
  const declaredReceiverSchema = once(
    () =>
      z
        .strictObject({ ...shape((kind) => kind.declaredFields), ...declaredFields.shape })
        .superRefine(check) as unknown as typeof declaredFields,
  );
  return {
    all,
    get receiverSchema() {
      return receiverSchema();
    },
    get receiverPatchSchema() {
      return receiverPatchSchema();
    },
    get declaredReceiverSchema() {
      return declaredReceiverSchema();
    },
    of,
  };
}

/** Made by who parses: delivering takes none of it. */
function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

type Context = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void };

/** Exactly one kind, with its own fields and what it can do. */
const checkKind =
  (all: readonly ReceiverKind[]) =>
  (spec: Omit<ReceiverSpec, 'secret'> & { readonly secret?: string | undefined }, context: Context): void => {
    const given = spec as Named;
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: path.split('.'), message });
    const named = all.filter(({ field }) => given[field] !== undefined);
    const [first, second] = named;
    const rule = `a receiver has exactly one of ${all.map(({ field }) => field).join(', ')}`;
    if (first === undefined) {
      refuse(all[0]?.field ?? '', `is missing: ${rule}`);
      return;
    }
    if (second !== undefined) refuse(first.field, `cannot stand beside ${second.field}: ${rule}`);
    const kind = second ?? first;
    const belongs = (is: (other: ReceiverKind) => boolean) =>
      `is for ${all
        .filter(is)
        .map(({ titles }) => titles)
        .join(' or ')}, and this receiver is ${kind.title}`;
    for (const other of all) {
      for (const name of Object.keys(other.fields)) {
        if (name === other.field || name in kind.fields || given[name] === undefined) continue;
        refuse(
          name,
          belongs((each) => name in each.fields),
        );
      }
    }
    if (spec.secret !== undefined && !kind.isSigned) {
      refuse(
        'secret',
        belongs((each) => each.isSigned),
      );
    }
    if (spec.validate === 'handshake' && !kind.isAsked) {
      refuse('validate', `is handshake, which ${belongs((each) => each.isAsked)}`);
    }
    const { format } = spec;
    if (format !== undefined && !kind.formats.includes(format)) {
      refuse('format', `is ${format}, which ${belongs((each) => each.formats.includes(format))}`);
    }
    if (spec.breaker?.probe === 'head' && !kind.isProbedByHead) {
      refuse('breaker.probe', `is head, which ${belongs((each) => each.isProbedByHead)}`);
    }
    for (const { path, detail } of kind.problems?.(spec) ?? []) refuse(path, detail);
  };

/** The fields of a receiver that no kind owns. */
export function sharedFields<Fields extends object>({ all }: Kinds, receiver: Fields): Fields {
  const owned = new Set(all.flatMap(({ fields }) => Object.keys(fields)));
  return Object.fromEntries(Object.entries(receiver).filter(([name]) => !owned.has(name))) as Fields;
}

/** What the API shows of a receiver: everything but its secrets and other credentials. */
export function showReceiver(kinds: Kinds, receiver: Receiver, nowMs: number): ShownReceiver {
  const {
    secret: _,
    consent: __,
    earlierSecrets = [],
    validation,
    ...shared
  } = sharedFields(kinds, receiver);
  const live = earlierSecrets.filter(({ until }) => Date.parse(until) > nowMs);
  return {
    ...shared,
    endpoint: receiver.endpoint,
    ...kinds.of(receiver).show(receiver),
    ...(validation !== undefined && { validation: showValidation(validation) }),
    ...(live.length > 0 && { earlierSecrets: live.map(({ until }) => ({ until })) }),
  };
}
