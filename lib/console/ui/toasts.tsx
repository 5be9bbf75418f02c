import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { useWords } from '../app/words.ts';
import { IconButton } from './basics.tsx';
import { common } from './words.ts';

interface Toast {
  readonly id: number;
  readonly title: string;
  readonly description?: string | undefined;
}

const shownMs = 6000;
let made = 0;

type Tell = (title: string, description?: string) => void;
const Telling = createContext<Tell>(() => undefined);

/** What has just been done: announced, and gone after some seconds. */
export function Toasts({ children }: { readonly children: ReactNode }) {
  const t = useWords(common);
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((each) => each.id !== id)), []);
  const tell = useCallback<Tell>(
    (title, description) => {
      made += 1;
      const id = made;
      setToasts((all) => [...all, { id, title, description }]);
      setTimeout(() => drop(id), shownMs);
    },
    [drop],
  );
  return (
    <Telling value={tell}>
      {children}
      <div className="toasts" role="status">
        {toasts.map(({ id, title, description }) => (
          <div key={id} className="toast">
            <div>
              <p className="toast-title">{title}</p>
              {description !== undefined && <p className="toast-text">{description}</p>}
            </div>
            <IconButton icon="cross" label={t('close')} onClick={() => drop(id)} />
          </div>
        ))}
      </div>
    </Telling>
  );
}

/** Says that something was done. */
export const useToast = (): Tell => useContext(Telling);
