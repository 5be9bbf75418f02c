/**
 * The ticket of a link that signs in once, from the fragment of the address, which no server sees. It is taken out of the
 * address at once, so that nobody copies it from there.
 */
export function takeTicket(): string | undefined {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const ticket = parameters.get('ticket') ?? undefined;
  if (ticket !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  return ticket;
}
