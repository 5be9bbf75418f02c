/**
 * Whether the owner of an endpoint agrees to get events there: the handshake of "HTTP 1.1 Web Hooks for Event Delivery"
 * 1.0.2, section 4. It does not prove who anybody is; it keeps the bus from being pointed at strangers.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md
 */

export const validateModes = ['none', 'handshake'] as const;
export type ValidateMode = (typeof validateModes)[number];

/** What is known of the agreement of one endpoint. Times are RFC 3339. */
export interface Validation {
  readonly state: 'pending' | 'granted' | 'refused';
  /** Since when it is so. */
  readonly at: string;
  /** Whose agreement it is: a receiver that was given another endpoint has none. */
  readonly endpoint: string;
  /** What the endpoint answered last, where that was no agreement. */
  readonly detail?: string;
  /** As the endpoint has bounded it; absent when it has not. */
  readonly allowedRatePerMinute?: number;
  /** How often it has been asked since it is pending, and when it is asked again. */
  readonly asks?: number;
  readonly nextAskAt?: string;
  /** Hashes of the tokens by which the owner may agree later; one for each ask, until the state is decided. */
  readonly tokenHashes?: readonly string[];
}

/** What the API shows of it. */
export type ShownValidation = Omit<Validation, 'endpoint' | 'tokenHashes'>;

export function showValidation(validation: Validation): ShownValidation {
  const { endpoint: _, tokenHashes: __, ...shown } = validation;
  return shown;
}

/** The parts of a receiver that this goes by; of one that is only declared, its endpoint may be a parameter. */
interface Validated {
  readonly validate?: ValidateMode | undefined;
  readonly validation?: Validation | undefined;
  readonly endpoint?: unknown;
}

/** Whether events may be sent to its endpoint, as far as its agreement goes. */
export function mayDeliver({ validate, validation, endpoint }: Validated): boolean {
  return validate !== 'handshake' || (validation?.state === 'granted' && validation.endpoint === endpoint);
}

/** Deliveries a second to a receiver, by its own limit and what its endpoint allows; undefined when nothing bounds it. */
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
