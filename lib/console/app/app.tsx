import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Suspense, useSyncExternalStore } from 'react';
import { Route, Router, Switch } from 'wouter';
import { CallError } from '../api/call.ts';
import { session } from '../api/session.ts';
import { Loading } from '../ui/basics.tsx';
import { Toasts } from '../ui/toasts.tsx';
import { Guard } from './guard.tsx';
import { home } from './home.ts';
import { Layout } from './layout.tsx';
import { pages } from './pages.ts';
import { SignIn } from './sign-in.tsx';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // What was refused is refused again; what did not answer may answer.
      retry: (failures, error) =>
        failures < 2 && error instanceof CallError && (error.status === 0 || error.status >= 500),
      refetchIntervalInBackground: false,
    },
  },
});

// Nothing of one caller is shown to the next.
session.subscribe(() => client.clear());

export function App() {
  const signedIn = useSyncExternalStore(session.subscribe, session.get);
  return (
    <QueryClientProvider client={client}>
      <Toasts>
        <Router base={home}>
          {signedIn === undefined ? (
            <SignIn />
          ) : (
            <Layout>
              <Switch>
                {pages.map(({ path, page: Shown }) => (
                  <Route key={path} path={path}>
                    {(parameters) => (
                      <Guard key={JSON.stringify(parameters)}>
                        <Suspense fallback={<Loading />}>
                          <Shown {...(parameters as Record<string, string>)} />
                        </Suspense>
                      </Guard>
                    )}
                  </Route>
                ))}
              </Switch>
            </Layout>
          )}
        </Router>
      </Toasts>
    </QueryClientProvider>
  );
}
