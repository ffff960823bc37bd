/** The source of a profile as a place to copy from, checked as far as that can be done without a connection. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import type { Manifest } from '../model/manifest.ts'
import { parseSourceLocation, type SourceLocation } from '../model/source-location.ts'
import { checkSource } from './check-source.ts'

/**
 * A local source without symbolic links, or a remote one as it was written.
 * @throws SnapfsError SOURCE_REFUSED for a local one that cannot be backed up, USAGE for what is neither
 */
export async function locateSource(source: string, repository: string): Promise<SourceLocation> {
  const reading = parseSourceLocation(source)
  if (reading.kind === 'refused') {
    throw new SnapfsError('USAGE', `The source "${source}" ${reading.objection}.`)
  }
  const { location } = reading
  if (location.kind !== 'local') return location
  return { kind: 'local', path: await checkSource(location.path, repository) }
}

/** The source as the manifest names it. The host is the one that holds it. */
export function describeSource(
  written: string,
  location: SourceLocation,
  thisHost: string,
): Manifest['source'] {
  switch (location.kind) {
    case 'local':
      return { path: written, realPath: location.path, host: thisHost }
    case 'ssh':
      return { path: written, realPath: location.path, host: location.host, transport: 'ssh' }
    case 'daemon':
      return {
        path: written,
        realPath: `${location.module}/${location.path}`.replace(/\/$/u, ''),
        host: location.host,
        transport: 'daemon',
      }
  }
}
