/** Which machine this is, and which boot of it, as far as the system tells. */
import { readFile } from 'node:fs/promises'

export interface Machine {
  /** Stays the same over boots. Empty where it is not known. */
  readonly machineId: string
  /** Differs between machines and between boots of one machine. Empty where it is not known. */
  readonly bootId: string
}

export async function thisMachine(): Promise<Machine> {
  return {
    machineId: await readText('/etc/machine-id'),
    bootId: await readText('/proc/sys/kernel/random/boot_id'),
  }
}

/** A file of the system, trimmed; empty when it cannot be read. */
export async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).trim()
}
