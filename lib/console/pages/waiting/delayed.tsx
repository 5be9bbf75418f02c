import { useState } from 'react';
import { useRights } from '../../api/me.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty } from '../../ui/basics.tsx';
import { Confirm, Dialog, DialogForm } from '../../ui/dialog.tsx';
import { TextField, TimeField, timeOfField } from '../../ui/form.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Countdown, Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { EventLink, Target, targetOf } from './target.tsx';
import { type Targets, useWaiting, type WaitingEvent } from './use-waiting.ts';
import { waitingWords } from './words.ts';

/** Which delayed event is meant: an id alone may be several. */
const meant = ({ id, source, topic, receiver }: WaitingEvent) => ({ id, source, topic, receiver });

/** Events that wait for their time. */
export function Delayed({ targets }: { readonly targets: Targets }) {
  const t = useWords(waitingWords);
  const toast = useToast();
  const { acts } = useRights();
  const list = useWaiting('delayed', targets);
  const [moved, setMoved] = useState<WaitingEvent | undefined>();
  const [ended, setEnded] = useState<WaitingEvent | undefined>();
  const cancel = useChange<WaitingEvent>(
    (event) => ({ method: 'DELETE', at: '/events', query: meant(event) }),
    () => ['/events'],
  );
  const columns: Column<WaitingEvent>[] = [
    { id: 'event', name: t('event'), value: ({ id }) => id, show: ({ id }) => <EventLink id={id} /> },
    { id: 'type', name: t('type'), value: ({ type }) => type, show: ({ type }) => <code>{type}</code> },
    { id: 'target', name: t('target'), value: targetOf, show: (row) => <Target {...row} /> },
    { id: 'application', name: t('application'), value: ({ application }) => application },
    { id: 'source', name: t('source'), value: ({ source }) => source, extra: true },
    {
      id: 'due',
      name: t('due'),
      value: ({ deliverAt }) => deliverAt,
      show: ({ deliverAt }) => (deliverAt === undefined ? '–' : <Time at={deliverAt} exact />),
    },
    {
      id: 'dueIn',
      name: t('dueIn'),
      value: ({ deliverAt }) => deliverAt,
      show: ({ deliverAt }) =>
        deliverAt === undefined ? '–' : <Countdown to={deliverAt} due={t('dueNow')} />,
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) =>
        acts && (
          <span className="actions">
            <Button look="quiet" onClick={() => setMoved(row)}>
              {t('reTime')}
            </Button>
            <Button look="danger" onClick={() => setEnded(row)}>
              {t('cancel')}
            </Button>
          </span>
        ),
    },
  ];
  return (
    <>
      <ListTable
        id="delayed"
        label={t('delayed')}
        columns={columns}
        list={list}
        rowKey={({ id, source, topic, receiver }) => `${id} ${source} ${topic ?? ''} ${receiver ?? ''}`}
        sorted="due"
        empty={<Empty title={t('noDelayed')}>{t('noDelayedNext')}</Empty>}
      />
      <Dialog
        open={moved !== undefined}
        onClose={() => setMoved(undefined)}
        title={t('reTimeTitle', { id: moved?.id ?? '' })}
      >
        {moved !== undefined && <ReTime event={moved} onClose={() => setMoved(undefined)} />}
      </Dialog>
      <Confirm
        open={ended !== undefined}
        onClose={() => setEnded(undefined)}
        title={t('cancelTitle', { id: ended?.id ?? '' })}
        action={t('cancel')}
        change={cancel}
        input={ended}
        onDone={() => toast(t('cancelled'))}
      >
        <p>{t('cancelLead')}</p>
      </Confirm>
    </>
  );
}

function ReTime({ event, onClose }: { readonly event: WaitingEvent; readonly onClose: () => void }) {
  const t = useWords(waitingWords);
  const toast = useToast();
  const [at, setAt] = useState('');
  const [delay, setDelay] = useState('');
  const deliverAt = timeOfField(at);
  const reTime = useChange<Record<string, unknown>>(
    (body) => ({ method: 'PATCH', at: '/events', query: meant(event), body }),
    () => ['/events'],
  );
  return (
    <DialogForm
      onSubmit={() =>
        reTime.mutate(delay.trim() !== '' ? { delaySeconds: Number(delay) } : { deliverAt }, {
          onSuccess: () => {
            toast(t('reTimed'), event.id);
            onClose();
          },
        })
      }
      onCancel={onClose}
      action={t('reTime')}
      busy={reTime.isPending}
      ready={deliverAt !== undefined || delay.trim() !== ''}
      error={reTime.error}
    >
      <TimeField label={t('at')} value={at} onChange={setAt} />
      <TextField type="number" label={t('delay')} value={delay} onChange={setDelay} />
    </DialogForm>
  );
}
