import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './support/slowest-first.ts'

/** Unit tests touch no disk, child or clock; the other two tiers run real programs. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    // On two processors, since most of them wait: for a clock, a mount, another machine.
    maxWorkers: 4,
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Nothing in them waits; a busy machine is no failure.
          testTimeout: 60_000,
          // They leave nothing behind, and to begin anew for each file takes as long as all of them.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: ['test/support/build-once.ts'],
        },
      },
    ],
  },
})
