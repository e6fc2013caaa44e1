#!/usr/bin/env bash
# all-packages.sh: deb, rpm and tarball for x64 and arm64 in dist/, and dist/SHA256SUMS over them.
set -euo pipefail
cd "$(dirname "$0")/.."

for arch in x64 arm64; do
  for kind in deb rpm tarball; do "scripts/$kind.sh" "$arch"; done
done
(cd dist && find . -type f \( -name '*.deb' -o -name '*.rpm' -o -name '*.tar.xz' \) -printf '%P\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)
