# Sourced by deb.sh and tarball.sh: the version, the time that all files get, and whether there is anything to do.

version=$(node -p 'require("./package.json").version')

# The last commit's time, so that the same commit gives the same package; without git, the changelog's.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
fi
export SOURCE_DATE_EPOCH

# up_to_date FILE: whether nothing that goes into FILE is newer than it.
up_to_date() {
  [ -f "$1" ] && [ "$(readlink -f "$(node -p process.execPath)")" -ot "$1" ] &&
    [ -z "$(find build/program bin systemd packaging docs config scripts package.json package-lock.json README.md CHANGELOG.md LICENSE -newer "$1" -print -quit)" ]
}
