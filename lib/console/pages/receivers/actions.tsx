import { useState } from 'react';
import { useLocation } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { ReceiverAndSecret, ReceiverWhole } from '../../api/types.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Copy } from '../../ui/basics.tsx';
import { Confirm, Dialog, DialogForm } from '../../ui/dialog.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { receiverWords } from './words.ts';

type Asked = 'skip' | 'rotate' | 'open' | 'delete' | undefined;

/** What can be done to a receiver. What cannot be undone is asked about first. */
export function Actions({
  receiver: whole,
  waiting = 0,
}: {
  readonly receiver: ReceiverWhole;
  readonly waiting?: number | undefined;
}) {
  const { receiver, state, breaker } = whole;
  const t = useWords(receiverWords);
  const toast = useToast();
  const { acts: mayChange } = useRights();
  const [, go] = useLocation();
  const [asked, setAsked] = useState<Asked>();
  const at = path`/receivers/${receiver}`;
  const touches = () => [at, '/receivers', '/overview'];
  const act = useChange<{ readonly to: string; readonly body?: unknown }>(
    ({ to, body }) => ({ method: 'POST', at: `${at}${to}`, ...(body !== undefined && { body }) }),
    touches,
  );
  const remove = useChange<void>(() => ({ method: 'DELETE', at, gone: at, query: { force: true } }), touches);
  const close = () => setAsked(undefined);
  const run = (to: string, said: string, body?: unknown) =>
    act.mutate({ to, body }, { onSuccess: () => toast(said), onError: (error) => toast(error.message) });
  if (!mayChange) return null;
  return (
    <>
      {state === 'active' ? (
        <Button icon="pause" busy={act.isPending} onClick={() => run('/pause', t('paused', { receiver }))}>
          {t('pause')}
        </Button>
      ) : (
        <Button
          look="primary"
          icon="play"
          busy={act.isPending}
          onClick={() => run('/resume', t('resumed', { receiver }))}
        >
          {t('resume')}
        </Button>
      )}
      <Button
        icon="send"
        busy={act.isPending}
        onClick={() =>
          run('/events', t('testSent', { receiver }), { type: 'busbar.test', data: { test: true } })
        }
      >
        {t('testEvent')}
      </Button>
      <Menu trigger={<Button icon="more">{t('more')}</Button>}>
        {breaker.state !== 'closed' && (
          <MenuItem onSelect={() => run('/breaker', t('breakerSet', { receiver }), { state: 'closed' })}>
            {t('closeBreaker')}
          </MenuItem>
        )}
        {breaker.forced ? (
          <MenuItem onSelect={() => run('/breaker', t('breakerSet', { receiver }), { state: 'auto' })}>
            {t('autoBreaker')}
          </MenuItem>
        ) : (
          <MenuItem onSelect={() => setAsked('open')}>{t('openBreaker')}</MenuItem>
        )}
        <MenuItem onSelect={() => setAsked('rotate')}>{t('rotate')}</MenuItem>
        <MenuItem danger onSelect={() => setAsked('skip')}>
          {t('skip')}
        </MenuItem>
        <MenuItem danger onSelect={() => setAsked('delete')}>
          {t('remove')}
        </MenuItem>
      </Menu>
      {asked === 'skip' && <Skip receiver={receiver} waiting={waiting} onClose={close} />}
      {asked === 'rotate' && <Rotate receiver={receiver} onClose={close} />}
      <Confirm
        open={asked === 'open'}
        onClose={close}
        title={t('openTitle', { receiver })}
        action={t('openAction')}
        change={act}
        input={{ to: '/breaker', body: { state: 'open' } }}
      >
        {t('openLost')}
      </Confirm>
      <Confirm
        open={asked === 'delete'}
        onClose={close}
        title={t('deleteTitle', { receiver })}
        action={t('deleteAction', { receiver })}
        name={receiver}
        change={remove}
        input={undefined}
        onDone={() => {
          toast(t('deleted', { receiver }));
          go('/receivers');
        }}
      >
        {t('deleteLost', { count: waiting })}
      </Confirm>
    </>
  );
}

/** Drops what is older than a time; now, unless another is given. */
function Skip({
  receiver,
  waiting,
  onClose,
}: {
  readonly receiver: string;
  readonly waiting: number;
  readonly onClose: () => void;
}) {
  const t = useWords(receiverWords);
  const at = path`/receivers/${receiver}`;
  const [before, setBefore] = useState(() => new Date().toISOString());
  const skip = useChange<string>(
    (time) => ({ method: 'POST', at: `${at}/skip`, body: { before: time } }),
    () => [at],
  );
  return (
    <Dialog open onClose={onClose} title={t('skipTitle', { receiver })}>
      <DialogForm
        onSubmit={() => skip.mutate(before, { onSuccess: onClose })}
        onCancel={onClose}
        action={t('skipAction')}
        danger
        busy={skip.isPending}
        error={skip.error}
      >
        <p>{t('skipLost', { receiver, count: waiting })}</p>
        <label className="field">
          <span>{t('skipBefore')}</span>
          <input value={before} onChange={(event) => setBefore(event.target.value)} spellCheck={false} />
        </label>
      </DialogForm>
    </Dialog>
  );
}

/** Makes another secret and shows it, once. */
function Rotate({ receiver, onClose }: { readonly receiver: string; readonly onClose: () => void }) {
  const t = useWords(receiverWords);
  const at = path`/receivers/${receiver}`;
  const rotate = useChange<void, ReceiverAndSecret>(
    () => ({ method: 'POST', at: `${at}/rotate-secret`, body: {} }),
    () => [at],
  );
  const secret = rotate.data?.secret;
  return (
    <Dialog open onClose={onClose} title={t('rotateTitle', { receiver })}>
      {secret === undefined ? (
        <DialogForm
          onSubmit={() => rotate.mutate()}
          onCancel={onClose}
          action={t('rotateAction')}
          busy={rotate.isPending}
          error={rotate.error}
        >
          <p>{t('rotateLead')}</p>
        </DialogForm>
      ) : (
        <div className="secret">
          <p>{t('secretOnce')}</p>
          <code>{secret}</code> <Copy text={secret} />
        </div>
      )}
    </Dialog>
  );
}
