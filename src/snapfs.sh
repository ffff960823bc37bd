#!/bin/sh
# Starts snapfs with the node it was installed with. cron's PATH rarely holds the directory of node, but
# `npm install -g` puts this program's link beside node itself, so that is where we look next.
self=$(readlink -f -- "$0") || exit 1
node=$(command -v node) || node=$(dirname -- "$0")/node
if ! [ -x "$node" ]; then
  echo "snapfs: node was not found, neither in PATH nor beside $0; install Node.js 20.19 or newer" >&2
  exit 1
fi
SNAPFS_PROGRAM=$0
case $0 in */*) ;; *) SNAPFS_PROGRAM=$(command -v -- "$0") ;; esac
export SNAPFS_PROGRAM
exec "$node" -- "$(dirname -- "$self")/main.js" "$@"
