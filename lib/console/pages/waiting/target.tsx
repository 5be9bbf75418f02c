import { Link } from 'wouter';

interface Targeted {
  readonly topic?: string | undefined;
  readonly receiver?: string | undefined;
}

/** Where something is to go, for sorting and export. */
export const targetOf = ({ topic, receiver }: Targeted): string | undefined => topic ?? receiver;

/** The same as a link. */
export function Target({ topic, receiver }: Targeted) {
  if (topic !== undefined) return <Link href={`/topics/${topic}`}>{topic}</Link>;
  if (receiver !== undefined) return <Link href={`/receivers/${receiver}`}>{receiver}</Link>;
  return <>–</>;
}

/** The event of an id, as `why` tells it. */
export function EventLink({ id }: { readonly id: string }) {
  return <Link href={`/events/${encodeURIComponent(id)}`}>{id}</Link>;
}
