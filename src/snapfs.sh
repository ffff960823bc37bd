#!/bin/sh
# Starts snapfs with the node it was installed with: `npm install -g` puts the link to this program beside
# node itself. cron's PATH rarely holds that directory, and may hold one with an older node.
self=$(readlink -f -- "$0") || exit 1
node=$(dirname -- "$0")/node
# Not installed by npm but run where it was built: the usual places, which cron does not search either.
[ -x "$node" ] || node=$(PATH=$PATH:/usr/local/bin:/usr/bin command -v node)
if ! [ -x "$node" ]; then
  echo "snapfs: node was not found, neither in PATH nor beside $0; install Node.js 20.19 or newer" >&2
  exit 1
fi
SNAPFS_PROGRAM=$0
case $0 in */*) ;; *) SNAPFS_PROGRAM=$(command -v -- "$0") ;; esac
export SNAPFS_PROGRAM
# At every start node would read these certificates, for longer than all the rest of its start takes (measured with 144 of
# them, Node 20.20). Nothing here speaks TLS, nor do rsync and ssh look at them.
unset NODE_EXTRA_CA_CERTS
exec "$node" -- "$(dirname -- "$self")/start.js" "$@"
