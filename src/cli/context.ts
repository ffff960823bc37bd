/** What every command of the program is given by the process boundary. */
import type { ServingCommand, ServingMessage } from '../actions/mount-in-background.ts'
import type { ServingWorker } from '../fuse/kernel/serving-worker.ts'
import type { World } from '../model/world.ts'
import type { Output } from './output.ts'

export interface Context {
  readonly world: World
  readonly output: Output
  /** Aborted with an Interruption when the process is asked to end. */
  readonly signal: AbortSignal
  readonly environment: {
    /** SNAPFS_CONFIG */
    readonly config: string | undefined
    /** XDG_CONFIG_HOME */
    readonly configHome: string | undefined
    /** XDG_STATE_HOME */
    readonly stateHome: string | undefined
    /** XDG_DATA_HOME */
    readonly dataHome: string | undefined
    /** XDG_CONFIG_DIRS */
    readonly configDirectories: string | undefined
  }
  /** What a user types to start the program, as an absolute path, for a crontab. */
  readonly programPath: string
  /** How to start the program again with other arguments. */
  readonly startAgain: (commandLine: readonly string[]) => ServingCommand
  /** A thread that may serve a mount, and has nothing to do so far; begun where a mount is all this process is for. */
  readonly servingAhead: ServingWorker | undefined
  /** Tells the process that started this one, if it waits for word. */
  readonly tellStarter: ((message: ServingMessage) => void) | undefined
}
