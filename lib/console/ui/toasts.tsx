import { Toast } from '@base-ui/react/toast';
import type { ReactNode } from 'react';
import { useWords } from '../app/words.ts';
import { IconButton } from './basics.tsx';
import { common } from './words.ts';

/** What has just been done: announced, and gone after some seconds. */
export function Toasts({ children }: { readonly children: ReactNode }) {
  return (
    <Toast.Provider>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const t = useWords(common);
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Content>
        <Toast.Title className="toast-title" />
        <Toast.Description className="toast-text" />
      </Toast.Content>
      <Toast.Close render={<IconButton icon="cross" label={t('close')} />} />
    </Toast.Root>
  ));
}

/** Says that something was done. */
export function useToast(): (title: string, description?: string) => void {
  const { add } = Toast.useToastManager();
  return (title, description) => {
    add({ title, ...(description !== undefined && { description }), timeout: 6000 });
  };
}
