/** What one attempt of a delivery came to: an answer of the endpoint, or why there was none. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly response: string;
    }
  | {
      readonly kind: 'failure';
      readonly failure: string;
      readonly message: string;
      /**
       * Set where the other side works, and said without a status that it does not want the event, or too many come; and
       * where it was not asked: the event cannot be sent to it at all (`never`), or the bus failed (`bus-fault`).
       */
      readonly says?: 'business-failure' | 'slow-down' | 'never' | 'bus-fault';
    };
