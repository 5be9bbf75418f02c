import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Redrive } from '../../api/types.ts';
import { useChange, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Facts, Problem, Progress, Section } from '../../ui/basics.tsx';
import { Dialog, DialogForm } from '../../ui/dialog.tsx';
import { Time } from '../../ui/time.tsx';
import { deadLetterWords } from './dead-letter-words.ts';
import { stateTone } from './state.ts';

const running = ['collecting', 'canary', 'sending'];

/** The latest redrive: where it is, what became of its canary, and how far it is. */
export function RedriveStatus({ receiver }: { readonly receiver: string }) {
  const t = useWords(deadLetterWords);
  const { acts: mayChange } = useRights();
  const at = path`/receivers/${receiver}/redrive`;
  const { data, error } = useRead<Redrive>(at, { pollSeconds: 2 });
  const stop = useChange<void>(
    () => ({ method: 'DELETE', at }),
    () => [path`/receivers/${receiver}`],
  );
  if (error !== null) return <Problem error={error} />;
  if (data === undefined) return null;
  const { state, sent, total, canary } = data;
  const isRunning = running.includes(state);
  return (
    <Section
      title={t('running')}
      actions={
        isRunning &&
        mayChange && (
          <Button busy={stop.isPending} onClick={() => stop.mutate()}>
            {t('stop')}
          </Button>
        )
      }
    >
      <div role="status" className="redrive">
        <Badge tone={stateTone(state)}>{state}</Badge>
        {state === 'collecting' ? (
          <span>{t('collecting')}</span>
        ) : (
          <Progress done={sent} total={total} label={t('progress')} />
        )}
      </div>
      {stop.error !== null && <Problem error={stop.error} />}
      <Facts
        facts={[
          [t('cause'), data.cause],
          [
            t('canary'),
            canary === undefined
              ? undefined
              : state === 'canary'
                ? t('canarySent')
                : state === 'halted' && sent <= 1
                  ? data.reason
                  : t('canaryWorked'),
          ],
          [t('whyHalted'), state === 'halted' ? data.reason : undefined],
          [t('missing'), data.missing > 0 ? data.missing : undefined],
          [t('startedBy'), data.startedBy],
          [t('died'), <Time key="started" at={data.startedAt} />],
        ]}
      />
    </Section>
  );
}

export function StartRedrive({
  receiver,
  cause,
  onClose,
}: {
  readonly receiver: string;
  readonly cause: string | undefined;
  readonly onClose: () => void;
}) {
  const t = useWords(deadLetterWords);
  const [perSecond, setPerSecond] = useState('');
  const start = useChange<void>(
    () => ({
      method: 'POST',
      at: path`/receivers/${receiver}/redrive`,
      body: {
        ...(cause !== undefined && { cause }),
        ...(perSecond !== '' && { perSecond: Number(perSecond) }),
      },
    }),
    () => [path`/receivers/${receiver}`],
  );
  return (
    <Dialog open onClose={onClose} title={t('redriveTitle', { receiver })}>
      <DialogForm
        onSubmit={() => start.mutate(undefined, { onSuccess: onClose })}
        onCancel={onClose}
        action={t('start')}
        busy={start.isPending}
        error={start.error}
      >
        {cause !== undefined && <p>{t('redriveCause', { cause })}</p>}
        <p>{t('redriveLead')}</p>
        <label className="field">
          <span>{t('perSecond')}</span>
          <input
            type="number"
            min="0.1"
            step="any"
            value={perSecond}
            onChange={(event) => setPerSecond(event.target.value)}
          />
          <small>{t('perSecondHint')}</small>
        </label>
      </DialogForm>
    </Dialog>
  );
}
