/**
 * Puts each program of dist/ and the packages it uses into a few files: it takes node longer to find and load
 * some hundreds of modules one by one than to make the snapshot of a small source. See native-notes/decisions/0029-bundled.md.
 */
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: {
    start: 'src/start.ts',
    main: 'src/main.ts',
    index: 'src/index.ts',
    'link-worker': 'src/repository/link-worker.ts',
    'remove-worker': 'src/repository/remove-worker.ts',
    'serving-thread': 'src/fuse/kernel/serving-thread.ts',
    'telling-thread': 'src/fuse/kernel/telling-thread.ts',
    'pushing-thread': 'src/fuse/kernel/pushing-thread.ts',
  },
  platform: 'node',
  logLevel: 'warn',
  transform: { target: 'node20.19' },
  // Their bindings are found beside their own files, and they need not be installed.
  external: ['fuse-native', 'koffi'],
  output: { dir: 'dist', format: 'esm', chunkFileNames: 'part-[hash].js', minify: false },
})
