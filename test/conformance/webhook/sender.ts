/** What a sender of webhooks has to offer so that these tests can be run against it. */
export interface Sender {
  /** What it supports of what the specification leaves open; tests of the rest are skipped, and listed as such. */
  readonly supports: {
    /** Section 4: it asks an endpoint for its agreement. */
    readonly validation: boolean;
    /** Section 4.1.3: an endpoint may agree later, by a callback. */
    readonly callback: boolean;
    /** It was set up here to refuse plain HTTP, as it does in production. */
    readonly httpsOnly: boolean;
  };
  /**
   * Registers an endpoint. Resolves as soon as the sender has taken it, whether or not the endpoint has agreed. One
   * failure of a delivery is to be tried again within seconds. Rejects when the sender refuses the endpoint.
   */
  register(registration: Registration): Promise<Registered>;
  stop(): Promise<void>;
}

export interface Registration {
  readonly url: string;
  /** Ask the endpoint for its agreement, by the handshake of section 4, before anything is delivered. */
  readonly validate: boolean;
  /** How many requests a minute the sender wants to make at most. */
  readonly ratePerMinute?: number;
  /** The token of section 3, for the Authorization header. */
  readonly bearerToken?: string;
}

export interface Registered {
  /** Has the sender deliver an event with this id to the endpoint; resolves when the sender has accepted it. */
  publish(id: string): Promise<void>;
  /** Whether the sender takes the endpoint to agree, as far as it tells; undefined where it does not. */
  agreement(): Promise<'pending' | 'granted' | 'refused' | undefined>;
}
