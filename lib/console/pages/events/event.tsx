import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { ExplainedEvent, Why } from '../../api/types.ts';
import { useChange, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Copy, Empty, Facts, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { Confirm, Dialog, DialogForm } from '../../ui/dialog.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { DeliveryTimeline } from './delivery-timeline.tsx';
import { eventWords } from './event-words.ts';

/** Why an event did or did not arrive: who matched, by which rule, and each attempt. */
export default function EventPage({ id = '' }: { readonly id?: string }) {
  const t = useWords(eventWords);
  const at = path`/events/${id}`;
  const { data, error, refetch } = useRead<Why>(at, { pollSeconds: 3 });
  return (
    <Page
      title={
        <>
          {id} <Copy text={id} />
        </>
      }
      trail={[{ to: '/events', name: t('events') }]}
    >
      {error !== null && error.code !== 'unknown_event' && (
        <Problem error={error} retry={() => void refetch()} />
      )}
      {data === undefined && error === null && <Loading />}
      {(error?.code === 'unknown_event' || data?.events.length === 0) && (
        <Empty title={t('empty')}>
          <p>{error?.message ?? t('emptyNext')}</p>
        </Empty>
      )}
      {data !== undefined && data.events.length > 1 && (
        <p className="lead">{t('several', { count: data.events.length })}</p>
      )}
      {data?.notRecorded !== undefined && <p className="lead">{data.notRecorded}</p>}
      {data?.events.map((event) => (
        <Explained key={`${event.source} ${event.topic} ${event.invoked}`} id={id} event={event} />
      ))}
      {data !== undefined && (
        <p className="lead">
          {t('searched')} <Time at={data.searched.since} />. {data.searched.complete ? '' : t('incomplete')}
        </p>
      )}
    </Page>
  );
}

function Explained({ id, event }: { readonly id: string; readonly event: ExplainedEvent }) {
  const t = useWords(eventWords);
  const { topic, invoked, refused, hiddenReceivers = 0 } = event;
  return (
    <Section title={event.type} actions={event.state === 'scheduled' && <Scheduled id={id} event={event} />}>
      <Facts
        facts={[
          [t('source'), <code key="source">{event.source}</code>],
          [t('topic'), topic],
          [t('invoked'), invoked],
          [
            t('published'),
            event.publishedAt !== undefined && <Time key="published" at={event.publishedAt} exact />,
          ],
          [t('publishes'), event.publishes],
          [
            t('state'),
            event.state !== undefined && (
              <Badge key="state" tone="info">
                {event.state}
              </Badge>
            ),
          ],
          [t('due'), event.dueAt !== undefined && <Time key="due" at={event.dueAt} />],
          [t('held'), event.heldAt !== undefined && <Time key="held" at={event.heldAt} />],
          [t('former'), event.former === true ? '✓' : undefined],
        ]}
      />
      {refused !== undefined && (
        <p className="problem">
          <span>
            {t('refused')} <Time at={refused.at} />: {refused.detail} <code>{refused.code}</code>
          </span>
        </p>
      )}
      <h3>{t('receivers')}</h3>
      {event.receivers.length === 0 && <p className="lead">{t('noReceivers')}</p>}
      <ul className="deliveries">
        {event.receivers.map((delivery) => (
          <DeliveryTimeline
            key={delivery.deliveryId}
            eventId={id}
            source={event.source}
            delivery={delivery}
          />
        ))}
      </ul>
      {hiddenReceivers > 0 && <p className="lead">{t('hidden', { count: hiddenReceivers })}</p>}
      <p className="lead">{t('trace', { trace: event.trace })}</p>
    </Section>
  );
}

/** An event that has not left yet can be cancelled or given another time. */
function Scheduled({ id, event }: { readonly id: string; readonly event: ExplainedEvent }) {
  const t = useWords(eventWords);
  const toast = useToast();
  const { acts: mayChange } = useRights();
  const [asked, setAsked] = useState<'cancel' | 'time' | undefined>();
  const [time, setTime] = useState(event.dueAt ?? '');
  const at = path`/events/${id}`;
  const query = { source: event.source, topic: event.topic, receiver: event.invoked };
  const touches = () => [at, '/events'];
  const cancel = useChange<void>(() => ({ method: 'DELETE', at, query }), touches);
  const change = useChange<string>(
    (deliverAt) => ({ method: 'PATCH', at, query, body: { deliverAt } }),
    touches,
  );
  if (!mayChange) return null;
  const close = () => setAsked(undefined);
  return (
    <>
      <Button onClick={() => setAsked('time')}>{t('reTime')}</Button>
      <Button look="danger" onClick={() => setAsked('cancel')}>
        {t('cancel')}
      </Button>
      <Confirm
        open={asked === 'cancel'}
        onClose={close}
        title={t('cancelTitle')}
        action={t('cancelAction')}
        change={cancel}
        input={undefined}
      >
        <p>
          <code>{id}</code>
        </p>
        {t('cancelLost')}
      </Confirm>
      <Dialog open={asked === 'time'} onClose={close} title={t('reTimeTitle')}>
        <DialogForm
          onSubmit={() =>
            change.mutate(time, {
              onSuccess: () => {
                toast(t('reTimed'));
                close();
              },
            })
          }
          onCancel={close}
          action={t('reTimeAction')}
          busy={change.isPending}
          error={change.error}
        >
          <label className="field">
            <span>{t('deliverAt')}</span>
            <input value={time} onChange={(input) => setTime(input.target.value)} spellCheck={false} />
          </label>
        </DialogForm>
      </Dialog>
    </>
  );
}
