#!/usr/bin/env bash
# need.sh GROUP...: sees to Node and to the Debian packages of the groups build, unit (an independent compiler of
# filters, readers of manual pages and completions), lab (User Mode Linux), bench (what we are measured against), smp2
# (qemu), package (for make deb), debian (what makes a Debian of its own) and browser (what looks at the status page).
# As root it installs what is missing; otherwise it names it in one line and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/packages.sh

check_node() {
  local version major minor
  command -v node >/dev/null || die 'Node.js is missing: install Node.js 20.19 or newer, with npm'
  command -v npm >/dev/null || die 'npm is missing: install the npm that belongs to your Node.js'
  version=$(node --version)
  IFS=. read -r major minor _ <<<"${version#v}"
  if [ "$major" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 19 ]; }; then
    die "Node.js $version is too old: install Node.js 20.19 or newer"
  fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The second lab downloads a kernel: apt must have its lists.
knows_kernel() { [ -n "$(apt-cache show "$smp2_kernel" 2>/dev/null)" ]; }

apt() { DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"; }

# Old lists may still do when the update fails; if not, the installation says so.
update_and_install() {
  apt update || true
  [ "$#" -eq 0 ] || apt install --no-install-recommends "$@"
}

check_node
groups=" $* "
wanted=()
for group in "$@"; do
  case $group in
    build | unit | lab | bench | smp2 | package | debian | browser) wanted+=(${!group}) ;;
    *) die "need.sh: no such group: $group (build, unit, lab, bench, smp2, package, debian, browser)" ;;
  esac
done
if ! command -v dpkg-query >/dev/null; then
  say "no dpkg here, going on unchecked; on Debian this needs: ${wanted[*]}"
  exit 0
fi

lock
missing=()
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done
lists=yes
[[ $groups != *' smp2 '* ]] || knows_kernel || lists=no
[ "${#missing[@]}" -gt 0 ] || [ "$lists" = no ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  [ "${#missing[@]}" -eq 0 ] || die "Debian packages are missing; as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  die "apt does not know $smp2_kernel, which the second lab downloads; as root: apt-get update"
fi
what='reading the package lists'
[ "${#missing[@]}" -eq 0 ] || what="installing Debian packages: ${missing[*]}"
step "$what" update_and_install "${missing[@]}"
[[ $groups != *' smp2 '* ]] || knows_kernel || die "apt does not know $smp2_kernel, which the second lab downloads: check /etc/apt/sources.list"
