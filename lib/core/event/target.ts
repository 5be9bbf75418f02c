/** Where an event goes: to every subscriber of a topic, or to one named receiver. */
export type Target = { readonly topic: string } | { readonly receiver: string };
