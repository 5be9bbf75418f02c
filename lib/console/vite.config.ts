import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const bus = process.env.VITE_BUS ?? 'http://127.0.0.1:4100';

/** `lib/stacks/site.ts` builds the page and says where to. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  // For work on the page: `VITE_BUS=http://127.0.0.1:4100 npx vite lib/console`.
  // A bus on a laptop answers its own pages only.
  server: { proxy: { '/v1': { target: bus, changeOrigin: true, headers: { origin: bus } } } },
  build: {
    target: 'es2023',
    // The content security policy forbids scripts and images within the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
