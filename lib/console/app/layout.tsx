import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { session } from '../api/session.ts';
import type { Me } from '../api/types.ts';
import { useRead } from '../api/use.ts';
import { Button, IconButton, Problem } from '../ui/basics.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu, MenuChoice, MenuItem } from '../ui/menu.tsx';
import { layoutWords } from './layout-words.ts';
import { Palette } from './palette.tsx';
import { languages, preferences, usePreferences } from './preferences.ts';
import { useWords } from './words.ts';

const places = [
  ['/', 'overview'],
  ['/receivers', 'receivers'],
  ['/topics', 'topics'],
  ['/catalog', 'catalog'],
  ['/requests', 'requests'],
  ['/waiting', 'waiting'],
  ['/events', 'events'],
  ['/applications', 'applications'],
  ['/audit', 'audit'],
] as const;

/** What is around every page: where one may go, who is signed in, search. */
export function Layout({ children }: { readonly children: ReactNode }) {
  const t = useWords(layoutWords);
  const [at] = useLocation();
  const [open, setOpen] = useState(false);
  const [searching, setSearching] = useState(false);
  const main = useRef<HTMLElement>(null);
  const me = useRead<Me>('/me');

  // A new page begins at its top, and is where the keyboard goes on.
  const page = at.split('/').slice(0, 3).join('/');
  const before = useRef(page);
  useEffect(() => {
    setOpen(false);
    if (before.current === page) return;
    before.current = page;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [page]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      const asked = (event.key === 'k' && (event.metaKey || event.ctrlKey)) || (event.key === '/' && !typing);
      if (!asked) return;
      event.preventDefault();
      setSearching(true);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className="layout">
      <a className="to-content" href="#content">
        {t('toContent')}
      </a>
      <header className="bar">
        <IconButton
          icon="menu"
          label={t('menu')}
          aria-expanded={open}
          className="icon-button menu-button"
          onClick={() => setOpen(!open)}
        />
        <Link href="/" className="brand">
          Busbar
        </Link>
        <button type="button" className="search-button" onClick={() => setSearching(true)}>
          <Icon name="search" />
          <span>{t('search')}</span>
          <kbd>/</kbd>
        </button>
        <Account me={me.data} />
      </header>
      <nav className={`places${open ? ' open' : ''}`} aria-label={t('places')}>
        {places.map(([to, name]) => {
          const here = to === '/' ? at === '/' : at === to || at.startsWith(`${to}/`);
          return (
            <Link key={to} href={to} aria-current={here ? 'page' : undefined}>
              {t(name)}
            </Link>
          );
        })}
      </nav>
      <main id="content" ref={main} tabIndex={-1}>
        {me.error?.status === 401 ? (
          <>
            <Problem error={me.error} />
            <Button look="primary" onClick={() => session.set(undefined)}>
              {t('signInAgain')}
            </Button>
          </>
        ) : (
          children
        )}
      </main>
      <Palette
        open={searching}
        onClose={() => setSearching(false)}
        places={places.map(([to, name]) => [to, t(name)])}
      />
    </div>
  );
}

function Account({ me }: { readonly me: Me | undefined }) {
  const t = useWords(layoutWords);
  const chosen = usePreferences();
  return (
    <Menu
      trigger={
        <button type="button" className="account">
          <Icon name="user" />
          <span>{me === undefined ? '…' : me.application}</span>
          {me !== undefined && <small>{me.role}</small>}
        </button>
      }
    >
      {me?.applications !== undefined && me.applications.length > 1 && (
        <MenuChoice
          label={t('actAs')}
          value={me.application}
          choices={Object.fromEntries(
            me.applications.map(({ application, role }) => [application, `${application} (${role})`]),
          )}
          onChange={(application) => {
            const signedIn = session.get();
            if (signedIn !== undefined) session.set({ ...signedIn, application });
          }}
        />
      )}
      <MenuChoice
        label={t('theme')}
        value={chosen.theme}
        choices={{ system: t('system'), light: t('light'), dark: t('dark') }}
        onChange={(theme) => preferences.change({ theme })}
      />
      <MenuChoice
        label={t('zone')}
        value={chosen.zone}
        choices={{ local: t('local'), utc: 'UTC' }}
        onChange={(zone) => preferences.change({ zone })}
      />
      <MenuChoice
        label={t('language')}
        value={chosen.language}
        choices={languages}
        onChange={(language) => preferences.change({ language })}
      />
      <MenuItem onSelect={() => session.set(undefined)}>{t('signOut')}</MenuItem>
    </Menu>
  );
}
