import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

/** `npm run build` writes the page into dist/, where server/routes/page-files.ts reads it. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [preact()],
  build: {
    outDir: '../../dist/server/page',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined files would be data: addresses, which the page's policy does not take.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
