# Sourced by the other scripts: messages, the lock, and a command whose output is shown only when it fails.

say() { printf 'bondherald: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# One set-up at a time in a checkout: the scripts folder itself is the lock, so there is no lock file to leave behind.
lock() {
  exec 9<scripts
  flock -n 9 || {
    say 'waiting for another set-up in this checkout'
    flock 9
  }
}

# quietly WHAT COMMAND...: runs COMMAND without input; if it fails, shows what it printed and ends with its status.
quietly() {
  local what=$1 log status=0
  shift
  log=$(mktemp)
  "$@" </dev/null >"$log" 2>&1 9<&- || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    rm -f "$log"
    say "$what failed with status $status"
    exit "$status"
  fi
  rm -f "$log"
}
