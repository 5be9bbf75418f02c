import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `lib/stacks/site.ts` builds the page and says where to. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  // For work on the page: `VITE_BUS=http://127.0.0.1:4100 npx vite lib/console`.
  server: { proxy: { '/v1': process.env.VITE_BUS ?? 'http://127.0.0.1:4100' } },
  build: {
    target: 'es2023',
    // The content security policy forbids scripts and images within the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
