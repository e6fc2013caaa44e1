#!/usr/bin/env bash
# runtime.sh ARCH: puts into build/package/runtime-ARCH what the packages for x64 or arm64 have of Node.js: `node` without
# its symbols, LICENSE, and pcap.node, the module of `watch`, for this machine's architecture only. Not the builder's own
# node: the same commit gives the same package everywhere, and a distribution's node may be a launcher of libraries.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/pinned.sh

arch=$1
pin() { sed -n "s/^$1 //p" packaging/runtime.pin; }
version=$(pin version)
integrity=$(pin "$arch")
[ -n "$integrity" ] || die "there are packages for x64 and arm64, not for $arch"
source=build/package/node-linux-$arch
into=build/package/runtime-$arch
made_of="$integrity $(sha256sum scripts/runtime.sh node_modules/pcap/*.cc 2>/dev/null | sha256sum)"

strip_for() {
  case $arch in
    arm64) echo aarch64-linux-gnu-strip ;;
    x64) echo x86_64-linux-gnu-strip ;;
  esac
}

# The module by which `watch` uses libpcap is bound to a version of Node, and libpcap has one name on Debian and another
# one elsewhere: it is compiled with the headers of that Node, against a libpcap without a name; the program loads whichever
# is there before it (src/sys/packets/pcap.ts).
pcap() {
  local at=build/package/pcap gyp
  gyp=$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp/bin/node-gyp.js
  rm -rf "$at"
  mkdir -p "$at/node_modules" "$at/nameless"
  cp -R node_modules/pcap node_modules/nan "$at/node_modules/"
  echo '/* nothing: the linker leaves the symbols open */' >"$at/nameless/libpcap.so"
  (cd "$at/node_modules/pcap" && rm -rf build &&
    LDFLAGS="-L../../../nameless -Wl,-z,lazy" node "$gyp" rebuild --nodedir="$PWD/../../../../../$source" --target="$version")
  "$(strip_for)" --strip-unneeded -o "$into.new/pcap.node" "$at/node_modules/pcap/build/Release/pcap_binding.node"
  rm -rf "$at"
}

make_runtime() {
  pinned "node-linux-$arch" "$version" "$integrity" "$source" || return # `step` has switched errexit off
  rm -rf "$into" "$into.new"
  mkdir -p "$into.new"
  "$(strip_for)" --strip-all -o "$into.new/node" "$source/bin/node" || return
  cp "$source/LICENSE" "$into.new/" || return
  if [ "$arch" = "$(node -p process.arch)" ] && [ -d node_modules/pcap ]; then pcap || return; fi
  echo "$made_of" >"$into.new/.made-of"
  mv "$into.new" "$into"
}

[ "$(cat "$into/.made-of" 2>/dev/null)" != "$made_of" ] || exit 0
step "getting Node.js $version for $arch" make_runtime
