/**
 * Puts each program of dist/ and the packages it uses into a few files: it takes node longer to find and load
 * some hundreds of modules one by one than to make the snapshot of a small source. See native-notes/decisions/0029-bundled.md.
 */
import { defineConfig } from 'rolldown'

const common = defineConfig({
  platform: 'node',
  logLevel: 'warn',
  transform: { target: 'node20.19' },
  // Their bindings are found beside their own files, and they need not be installed.
  external: ['fuse-native', 'koffi'],
})

/** Programs that share most of what they are made of. */
const programs = defineConfig({
  ...common,
  input: {
    start: 'src/start.ts',
    main: 'src/main.ts',
    index: 'src/index.ts',
    'link-worker': 'src/repository/link-worker.ts',
    'remove-worker': 'src/repository/remove-worker.ts',
  },
  output: { dir: 'dist', format: 'esm', chunkFileNames: 'part-[hash].js', minify: false },
})

/** Threads of a mount, each in one file: somebody waits until they have begun. */
const threads = ['serving', 'telling', 'pushing'].map((name) =>
  defineConfig({
    ...common,
    input: { [`${name}-thread`]: `src/fuse/kernel/${name}-thread.ts` },
    output: {
      ...{ dir: 'dist', format: 'esm', minify: false },
      codeSplitting: false,
    },
  }),
)

export default [programs, ...threads]
