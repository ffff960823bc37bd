/** What the threads of a mount tell each other. */
import type { MessagePort } from 'node:worker_threads'
import type { SourcePlace, ViewRecipe } from '../../view/open-views.ts'
import type { Feature, Wishes } from './agreement.ts'
import type { NodeIdentity } from '../../view/virtual-file-system.ts'
import type { BytePath, EntryName } from '../../model/entry-name.ts'

/** What the serving thread begins with. */
export interface ServingTask extends Wishes {
  readonly recipe: ViewRecipe
  readonly without: readonly Feature[]
  /** Another one for every mount. */
  readonly generation: number
  /** To the thread that tells the kernel what it has not asked. */
  readonly teller: MessagePort
  /** To the thread that sends files ahead. */
  readonly pusher: MessagePort
  /** For `ThreadsState`, with these threads. */
  readonly state: SharedArrayBuffer
}

/** To the serving thread: the device, open. It answers no other message while it serves. */
export interface ServingStart {
  readonly device: number
}

/** From the serving thread. */
export type ServingNews =
  | { readonly kind: 'ready'; readonly sources: Readonly<Record<string, SourcePlace>> }
  | { readonly kind: 'serving' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: PassedError }
  /** There are files to be sent ahead, for the first time. */
  | { readonly kind: 'pushing' }
  /** A reader was told of an error. */
  | { readonly kind: 'reported'; readonly error: PassedError }

/** What is left of an error on its way between threads. */
export interface PassedError {
  readonly message: string
  readonly code: string | undefined
}

/** To the telling thread. */
export type TellerWork =
  | { readonly kind: 'start'; readonly device: number; readonly mountpoint: string }
  /** Messages for the kernel, one after the other. */
  | { readonly kind: 'notices'; readonly bytes: Uint8Array }
  /** There may be news: whoever serves is to look. */
  | { readonly kind: 'look' }

/** A file whose content is sent before it is asked for. */
export interface PushedFile extends NodeIdentity {
  readonly id: number
  /** In the directory, or a path from the root where it lies in another one. */
  readonly name: EntryName | BytePath
}

/** What is sent ahead; to the pushing thread as `packPush` makes it. */
export interface Push {
  /** Where the files lie; undefined where each has its path. */
  readonly directory: BytePath | undefined
  readonly files: readonly PushedFile[]
  readonly held?: HeldEnd | undefined
}

/**
 * Whoever waits for the end of a listing is told of it by the pushing thread, when so many files were sent that he will not
 * overtake it.
 */
export interface HeldEnd {
  /** Where the request is noted, in `ThreadsState`. */
  readonly place: number
  /** How many files. */
  readonly until: number
}
