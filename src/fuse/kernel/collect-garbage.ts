/** For threads that mostly wait: V8 sees little of what is garbage there, and collects it late. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** @returns what has V8 collect all garbage of this thread, and give the memory back */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
