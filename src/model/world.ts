/** What the process boundary tells everything below it, so that nothing else asks. */

export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number
  /** Milliseconds that only ever grow, also while the machine sleeps or its clock is set. */
  elapsed(): number
  /** Lets time pass. Ends early, without an error, when the signal is given. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

export interface World {
  /** Adds to the niceness of this process and all it starts, as nice(1) does. */
  lowerPriority(nice: number): void
  readonly clock: Clock
  /** The IANA time zone of the user. */
  readonly timeZone: string
  readonly host: string
  readonly userId: number
  readonly groupId: number
  readonly homeDirectory: string
  /** Where snapfs keeps what it can do without, of this user. */
  readonly cacheDirectory: string
  readonly version: string
  /** The program of the thread that helps to link; without one a single thread does it all. */
  readonly linkWorker?: URL
  /** The program of the threads that delete; without one a single thread does it all. */
  readonly removeWorker?: URL
  /** The programs of the threads that serve a mount. */
  readonly mountThreads: {
    readonly serving: URL
    readonly telling: URL
    readonly pushing: URL
  }
}
