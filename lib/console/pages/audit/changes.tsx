import type { CallError } from '../../api/call.ts';
import type { Audit } from '../../api/types.ts';
import { Problem } from '../../ui/basics.tsx';
import { Time } from '../../ui/time.tsx';

/** What the audit has of a time, in a few words each. */
export function Changes({
  audit,
  error,
  none,
}: {
  readonly audit: Audit | undefined;
  readonly error: CallError | null;
  readonly none: string;
}) {
  return (
    <>
      {error !== null && <Problem error={error} />}
      {audit?.entries.length === 0 && <p className="lead">{none}</p>}
      <ul className="plain">
        {audit?.entries.map(({ at, by, call, target, status, requestId }) => (
          <li key={requestId + at}>
            <Time at={at} /> <code>{call.split(' ')[0]}</code> {target} · {by.application} → {status}
          </li>
        ))}
      </ul>
    </>
  );
}
