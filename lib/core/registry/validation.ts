/**
 * Whether the owner of an endpoint agrees to receive events there: the handshake of "HTTP 1.1 Web Hooks for Event
 * Delivery" 1.0.2, section 4. It proves no identity; it keeps the bus from being pointed at strangers.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md
 */

export const validateModes = ['none', 'handshake'] as const;
export type ValidateMode = (typeof validateModes)[number];

/** What is known of the agreement of one endpoint. Times are RFC 3339. */
export interface Validation {
  readonly state: 'pending' | 'granted' | 'refused';
  /** When it reached this state. */
  readonly at: string;
  /** The endpoint that agreed: a receiver with another endpoint has no agreement. */
  readonly endpoint: string;
  /** The last answer of the endpoint that was not an agreement. */
  readonly detail?: string;
  /** The limit that the endpoint set, if any. */
  readonly allowedRatePerMinute?: number;
  /** How often it has been asked while pending, and when it is asked again. */
  readonly asks?: number;
  readonly nextAskAt?: string;
  /** Hashes of the tokens by which the owner may agree later: one for each request, until the state is decided. */
  readonly tokenHashes?: readonly string[];
}

/** What the API shows of it. */
export type ShownValidation = Omit<Validation, 'endpoint' | 'tokenHashes'>;

export function showValidation(validation: Validation): ShownValidation {
  const { endpoint: _, tokenHashes: __, ...shown } = validation;
  return shown;
}

/** The parts of a receiver that matter here; the endpoint of a receiver that is only declared may be a parameter. */
interface Validated {
  readonly validate?: ValidateMode | undefined;
  readonly validation?: Validation | undefined;
  readonly endpoint?: unknown;
}

/** Whether the validation allows events to be sent to the endpoint. */
export function mayDeliver({ validate, validation, endpoint }: Validated): boolean {
  return validate !== 'handshake' || (validation?.state === 'granted' && validation.endpoint === endpoint);
}

/** Deliveries per second to a receiver, by its own limit and by what its endpoint allows; undefined without a limit. */
export function allowedPerSecond(
  receiver: Pick<Validated, 'validate' | 'validation'> & {
    readonly limits?: { readonly perSecond?: number | undefined } | undefined;
  },
): number | undefined {
  const perMinute = receiver.validate === 'handshake' ? receiver.validation?.allowedRatePerMinute : undefined;
  const bounds = [receiver.limits?.perSecond, perMinute === undefined ? undefined : perMinute / 60];
  const given = bounds.filter((bound) => bound !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}
