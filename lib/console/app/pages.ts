import { type ComponentType, lazy } from 'react';

/** The pages by their addresses, below `/console`; each is loaded when it is first opened. */
export const pages: readonly {
  readonly path: string;
  readonly page: ComponentType<Record<string, string>>;
}[] = [
  { path: '/', page: lazy(() => import('../pages/overview/overview.tsx')) },
  { path: '/receivers', page: lazy(() => import('../pages/receivers/receivers.tsx')) },
  { path: '/receivers/:receiver/:part?', page: lazy(() => import('../pages/receivers/receiver.tsx')) },
  { path: '/topics', page: lazy(() => import('../pages/topics/topics.tsx')) },
  { path: '/topics/:topic/:part?', page: lazy(() => import('../pages/topics/topic.tsx')) },
  { path: '/catalog', page: lazy(() => import('../pages/catalog/catalog.tsx')) },
  { path: '/catalog/:topic/:part?', page: lazy(() => import('../pages/catalog/catalog-topic.tsx')) },

  { path: '/requests', page: lazy(() => import('../pages/requests/requests.tsx')) },
  { path: '/requests/new', page: lazy(() => import('../pages/requests/new-request.tsx')) },
  { path: '/requests/:id', page: lazy(() => import('../pages/requests/request.tsx')) },
  { path: '/waiting/:part?', page: lazy(() => import('../pages/waiting/waiting.tsx')) },
  { path: '/events', page: lazy(() => import('../pages/events/deliveries.tsx')) },
  { path: '/applications', page: lazy(() => import('../pages/applications/applications.tsx')) },
  {
    path: '/applications/:application/:part?',
    page: lazy(() => import('../pages/applications/application.tsx')),
  },
  { path: '/audit', page: lazy(() => import('../pages/audit/audit.tsx')) },

  { path: '/events/:id', page: lazy(() => import('../pages/events/event.tsx')) },

  { path: '*', page: lazy(() => import('../pages/unknown.tsx')) },
];
