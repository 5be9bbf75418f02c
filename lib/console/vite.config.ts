import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `lib/stacks/site.ts` builds the page and says where to. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  build: {
    target: 'es2023',
    // The content security policy forbids scripts and images within the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
