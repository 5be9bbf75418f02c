import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Scroll } from '../../ui/scroll.tsx';
import { duration } from '../../ui/time.tsx';
import { receiverWords } from './words.ts';

/** A policy as it goes: each attempt on a line of time, whose steps are logarithmic, since waits grow by factors. */
export function RetryTimeline({
  delaysSeconds,
  type,
}: {
  readonly delaysSeconds: readonly number[];
  readonly type?: string;
}) {
  const t = useWords(receiverWords);
  const { language } = usePreferences();
  let sum = 0;
  const attempts = [0, ...delaysSeconds].map((delay, at) => {
    sum += delay;
    return { attempt: at + 1, delay, after: sum };
  });
  const whole = Math.log1p(sum);
  const place = (seconds: number) => (whole === 0 ? 0 : (Math.log1p(seconds) / whole) * 100);
  return (
    <div className="retry">
      {type !== undefined && <h3>{t('ofType', { type })}</h3>}
      <p>{t('policyLead', { count: attempts.length, time: duration(sum, language) })}</p>
      <div className="retry-line" aria-hidden="true">
        {attempts.map(({ attempt, after }) => (
          <span key={attempt} style={{ left: `${place(after)}%` }} title={duration(after, language)}>
            {attempt}
          </span>
        ))}
      </div>
      <Scroll label={type ?? t('policy')}>
        <table className="kept">
          <thead>
            <tr>
              <th scope="col" className="numeric">
                {t('attempt')}
              </th>
              <th scope="col" className="numeric">
                {t('after')}
              </th>
              <th scope="col" className="numeric">
                {t('fromFirst')}
              </th>
            </tr>
          </thead>
          <tbody>
            {attempts.map(({ attempt, delay, after }) => (
              <tr key={attempt}>
                <td className="numeric">{attempt}</td>
                <td className="numeric">{attempt === 1 ? '–' : duration(delay, language)}</td>
                <td className="numeric">{attempt === 1 ? '–' : duration(after, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p className="lead">{t('thenDead')}</p>
    </div>
  );
}
