#!/usr/bin/env bash
# Installs the Node modules when package-lock.json, or the Node that the native ones were built for, has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

stamp=node_modules/.bondherald-stamp

state() {
  node -p '`node ABI ${process.versions.modules} ${process.arch}`'
  sha256sum package-lock.json
}

# Node's own headers, where they came with it, spare node-gyp a download. npm 11 warns about the older name.
use_local_headers() {
  local root
  root=$(node -p 'require("node:path").dirname(require("node:path").dirname(process.execPath))')
  [ -f "$root/include/node/node.h" ] || return 0
  if [ "$(npm --version | cut -d. -f1)" -ge 11 ]; then
    export npm_package_config_node_gyp_nodedir="$root"
  else
    export npm_config_nodedir="$root"
  fi
}

lock
now=$(state)
[ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || exit 0
use_local_headers
step 'installing Node modules' npm ci
[ -d node_modules/pcap ] || say 'note: the optional module pcap did not build; `bondherald watch` and the lab need it'
printf '%s\n' "$now" >"$stamp"
