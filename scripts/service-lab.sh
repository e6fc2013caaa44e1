#!/usr/bin/env bash
# service-lab.sh quick|package|all: what is installed on a hypervisor with systemd. `quick`: a new user's first ten minutes
# with the Debian package; `package`: all of the package, and what the documents say of it; `all`: the tarball, the RPM
# package and the demo, too. Expects build/ to be compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(build/test/lab/service/first-ten-minutes.service.js)
scripts/service-root.sh
scripts/deb.sh
case $1 in
  quick) ;;
  package) tests+=(build/test/lab/service/{package,documented}.service.js) ;;
  all)
    scripts/tarball.sh
    scripts/rpm.sh
    tests+=(build/test/lab/service/{package,documented,tarball,rpm}.service.js)
    make demo </dev/null
    ;;
  *)
    echo "service-lab.sh: $1: it is quick, package or all" >&2
    exit 2
    ;;
esac
exec node build/test/lab/run.js --world service --timeout 480 --jobs 1 "${tests[@]}" </dev/null
