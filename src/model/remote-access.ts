/** How to get to a remote source, beside what its location says. */
export interface RemoteAccess {
  /** Absent: what ssh's own configuration says. */
  readonly sshPort?: number
  /** Absolute path of a private key, without "%" and "$", which ssh would replace; absent: ssh's own. */
  readonly sshKey?: string
  /** Absolute path of a configuration of ssh, in the place of ~/.ssh/config and the system's. */
  readonly sshConfig?: string
  /** Absolute path of a file whose first line is the password for an rsync daemon. */
  readonly passwordFile?: string
}
