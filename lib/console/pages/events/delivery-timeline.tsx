import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { ExplainedEvent } from '../../api/types.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Problem, type Tone } from '../../ui/basics.tsx';
import { Countdown, Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { eventWords } from './event-words.ts';

type Delivery = ExplainedEvent['receivers'][number];

const tones: Readonly<Record<string, Tone>> = {
  delivered: 'good',
  dead: 'bad',
  parked: 'warn',
  retrying: 'warn',
  failed: 'warn',
};

/** One receiver of an event: whether it matched and why not, its attempts in order, and what comes next. */
export function DeliveryTimeline({
  eventId,
  source,
  delivery,
}: {
  readonly eventId: string;
  readonly source: string;
  readonly delivery: Delivery;
}) {
  const t = useWords(eventWords);
  const { receiver, matched, attempts, state, nextAttemptAt, waitsFor, deadLettered = [], note } = delivery;
  const missing = (delivery.attemptCount ?? attempts.length) - attempts.length;
  return (
    <li className="delivery">
      <header>
        <Link href={`/receivers/${encodeURIComponent(receiver)}`}>{receiver}</Link>
        <Badge tone={matched === true ? 'info' : 'quiet'}>
          {matched === true ? t('matched') : matched === false ? t('notMatched') : t('unknown')}
        </Badge>
        {state !== undefined && <Badge tone={tones[state] ?? 'info'}>{state}</Badge>}
        {delivery.lane !== undefined && (
          <small>
            {t('lane')}: {delivery.lane}
          </small>
        )}
        <span className="space" />
        {deadLettered.length > 0 && <Again eventId={eventId} source={source} receiver={receiver} />}
      </header>
      {delivery.refusedBy !== undefined && (
        <ul className="refused-by">
          {delivery.refusedBy.map(({ key, condition, because }) => (
            <li key={`${key} ${JSON.stringify(condition)}`}>
              {t('refusedBy')}: <code>{key}</code> {t(because)} ({t('must')}{' '}
              <code>{JSON.stringify(condition)}</code>)
            </li>
          ))}
        </ul>
      )}
      {note !== undefined && <p className="lead">{note}</p>}
      <ol className="timeline">
        {missing > 0 && <li>{t('earlier', { count: missing })}</li>}
        {attempts.map((attempt) => (
          <Attempt key={`${attempt.attempt} ${attempt.at}`} attempt={attempt} />
        ))}
        {deadLettered.map(({ at, cause, attempts: count }) => (
          <li key={at} className="bad">
            {t('deadLettered')} <Time at={at} />: <code>{cause}</code>, {t('attempts', { count })}
          </li>
        ))}
        {(nextAttemptAt !== undefined || waitsFor !== undefined) && (
          <li className="coming">
            {t('next')}:{' '}
            {nextAttemptAt !== undefined && (
              <>
                <Countdown to={nextAttemptAt} due={t('nextDue')} /> (<Time at={nextAttemptAt} exact />){' '}
              </>
            )}
            {waitsFor !== undefined && waitsFor !== 'time' && t(waitsFor)}
          </li>
        )}
      </ol>
    </li>
  );
}

function Attempt({ attempt: made }: { readonly attempt: Delivery['attempts'][number] }) {
  const t = useWords(eventWords);
  const { attempt, at, status, latencyMs, error, detail, request } = made;
  const worked = status !== undefined && status >= 200 && status < 300 && error === undefined;
  return (
    <li className={worked ? 'good' : 'bad'}>
      <details>
        <summary>
          {t('attempt', { attempt })} · <Time at={at} exact /> · <code>{error ?? status}</code> · {latencyMs}{' '}
          ms
        </summary>
        {request !== undefined && (
          <>
            <h4>{t('request')}</h4>
            <pre>{headersOf(request.headers, t('hiddenValue'))}</pre>
            {request.settingsChangedAt !== undefined && (
              <p className="lead">
                {t('settingsChanged')} <Time at={request.settingsChangedAt} />
              </p>
            )}
          </>
        )}
        {detail !== undefined && (
          <>
            <h4>{t('response')}</h4>
            <pre>{detail}</pre>
          </>
        )}
      </details>
    </li>
  );
}

/** Headers as they went, a line each; a value that nobody is shown is named as such. */
const headersOf = (headers: Readonly<Record<string, string | null>>, hidden: string): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value ?? hidden}`)
    .join('\n');

function Again({
  eventId,
  source,
  receiver,
}: {
  readonly eventId: string;
  readonly source: string;
  readonly receiver: string;
}) {
  const t = useWords(eventWords);
  const toast = useToast();
  const { acts: mayChange } = useRights();
  const again = useChange<void>(
    () => ({
      method: 'POST',
      at: path`/events/${eventId}/deliveries`,
      query: { source },
      body: { receiver },
    }),
    () => [path`/events/${eventId}`, path`/receivers/${receiver}`],
  );
  if (!mayChange) return null;
  return (
    <>
      <Button
        icon="redo"
        busy={again.isPending}
        onClick={() => again.mutate(undefined, { onSuccess: () => toast(t('againDone', { receiver })) })}
      >
        {t('again')}
      </Button>
      {again.error !== null && <Problem error={again.error} />}
    </>
  );
}
