import { useState } from 'react';
import { path } from '../../api/call.ts';
import type { Hold, Topic } from '../../api/types.ts';
import { useChange, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Facts, Problem, Progress, Section } from '../../ui/basics.tsx';
import { Dialog, DialogForm } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/form.tsx';
import { Time } from '../../ui/time.tsx';
import { HeldEvents } from './held.tsx';
import { holdTone } from './hold-state.ts';
import { holdWords } from './hold-words.ts';

/** The hold of a topic: its state, its release as it proceeds, and the events that wait. */
export function HoldPart({
  topic: { topic, hold: seen },
  isManaged,
}: {
  readonly topic: Topic;
  readonly isManaged: boolean;
}) {
  const t = useWords(holdWords);
  const [asked, setAsked] = useState<'hold' | 'release' | 'stop' | undefined>();
  const read = useRead<Hold>(path`/topics/${topic}/hold`, {
    enabled: seen !== undefined,
    pollSeconds: seen?.state === 'releasing' ? 1 : 5,
  });
  const hold = read.data ?? seen;
  const isOn = hold !== undefined && hold.state !== 'released';
  const close = () => setAsked(undefined);
  return (
    <>
      <Section
        title={t('hold')}
        actions={
          isManaged && (
            <>
              {!isOn && (
                <Button icon="pause" onClick={() => setAsked('hold')}>
                  {t('holdNow')}
                </Button>
              )}
              {hold?.state === 'holding' && (
                <Button look="primary" icon="play" onClick={() => setAsked('release')}>
                  {t('release')}
                </Button>
              )}
              {hold?.state === 'releasing' && (
                <Button icon="pause" onClick={() => setAsked('stop')}>
                  {t('stop')}
                </Button>
              )}
            </>
          )
        }
      >
        {read.error !== null && read.error.status !== 404 && <Problem error={read.error} />}
        {hold === undefined ? <Empty title={t('notHeld')}>{t('notHeldNext')}</Empty> : <Held hold={hold} />}
      </Section>
      {isOn && <HeldEvents topic={topic} isManaged={isManaged} />}
      <Dialog
        open={asked !== undefined}
        onClose={close}
        title={asked === 'release' ? t('release') : asked === 'stop' ? t('stop') : t('holdNow')}
      >
        {asked === 'release' ? (
          <Release topic={topic} onClose={close} />
        ) : (
          <HoldForm topic={topic} isStop={asked === 'stop'} onClose={close} />
        )}
      </Dialog>
    </>
  );
}

function Held({ hold }: { readonly hold: Hold }) {
  const t = useWords(holdWords);
  const { state, since, by, application, reason, held, released, sentByHand, dropped, perSecond } = hold;
  const gone = released + (sentByHand ?? 0) + (dropped ?? 0);
  return (
    <>
      <Facts
        facts={[
          [
            t('state'),
            <Badge key="state" tone={holdTone(state)}>
              {state}
            </Badge>,
          ],
          [t('since'), <Time key="since" at={since} />],
          [t('by'), application === undefined ? by : `${application} (${by})`],
          [t('reason'), reason],
          [t('held'), held],
          [t('released'), released],
          [t('sentByHand'), sentByHand],
          [t('dropped'), dropped],
          [t('perSecond'), perSecond],
          [
            t('releaseStarted'),
            hold.releaseStartedAt === undefined ? undefined : (
              <Time key="started" at={hold.releaseStartedAt} />
            ),
          ],
          [
            t('releasedAt'),
            hold.releasedAt === undefined ? undefined : <Time key="at" at={hold.releasedAt} />,
          ],
          [
            t('trouble'),
            hold.trouble === undefined ? undefined : (
              <Badge key="trouble" tone="bad">
                {hold.trouble}
              </Badge>
            ),
          ],
        ]}
      />
      {state === 'releasing' && <Progress label={t('progress')} done={gone} total={gone + held} />}
    </>
  );
}

const touched = (topic: string) => [path`/topics/${topic}`, '/topics', '/events'];

function HoldForm({
  topic,
  isStop,
  onClose,
}: {
  readonly topic: string;
  readonly isStop: boolean;
  readonly onClose: () => void;
}) {
  const t = useWords(holdWords);
  const [reason, setReason] = useState('');
  const hold = useChange<string>(
    (given) => ({
      method: 'PUT',
      at: path`/topics/${topic}/hold`,
      body: given.trim() === '' ? {} : { reason: given.trim() },
    }),
    () => touched(topic),
  );
  return (
    <DialogForm
      onSubmit={() => hold.mutate(reason, { onSuccess: onClose })}
      onCancel={onClose}
      action={isStop ? t('stop') : t('holdNow')}
      busy={hold.isPending}
      error={hold.error}
    >
      <p>{isStop ? t('stopLead') : t('holdLead')}</p>
      <TextField label={t('reason')} hint={t('reasonHint')} value={reason} onChange={setReason} />
    </DialogForm>
  );
}

function Release({ topic, onClose }: { readonly topic: string; readonly onClose: () => void }) {
  const t = useWords(holdWords);
  const [perSecond, setPerSecond] = useState('');
  const release = useChange<string>(
    (rate) => ({ method: 'DELETE', at: path`/topics/${topic}/hold`, query: { perSecond: rate } }),
    () => touched(topic),
  );
  return (
    <DialogForm
      onSubmit={() => release.mutate(perSecond, { onSuccess: onClose })}
      onCancel={onClose}
      action={t('release')}
      busy={release.isPending}
      error={release.error}
    >
      <p>{t('releaseLead')}</p>
      <TextField
        type="number"
        label={t('perSecond')}
        hint={t('perSecondHint')}
        value={perSecond}
        onChange={setPerSecond}
      />
    </DialogForm>
  );
}
