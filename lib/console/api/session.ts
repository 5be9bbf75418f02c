/** Who is signed in. It is kept for this tab only, and never in an address. */
export interface Session {
  /** A key, or an ID token of the provider. */
  readonly credential: string;
  /** Which of several applications a person acts for. */
  readonly application?: string;
}

const place = 'busbar.session';
type Listener = () => void;
const listeners = new Set<Listener>();
let current = read();

function read(): Session | undefined {
  const kept = sessionStorage.getItem(place);
  return kept === null ? undefined : (JSON.parse(kept) as Session);
}

export const session = {
  get: (): Session | undefined => current,
  set(next: Session | undefined): void {
    current = next;
    if (next === undefined) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify(next));
    for (const listener of listeners) listener();
  },
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
