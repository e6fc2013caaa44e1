# Sourced by the other scripts: messages, the lock, and a long step whose output is shown only when it fails.

say() { printf 'bondherald: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# One set-up at a time in a checkout: the scripts folder itself is the lock, so there is no lock file to leave behind.
lock() {
  exec 9<scripts
  flock -w 5 9 || {
    say 'waiting for another set-up in this checkout'
    flock 9
  }
}

# On a terminal: rewrites the step's line with the seconds it has taken, until killed or orphaned.
tick() {
  local started=$SECONDS
  while kill -0 $$ 2>/dev/null; do
    printf '\rbondherald: %s (%d s) ' "$1" $((SECONDS - started)) >&2
    sleep 1
  done
}

# step WHAT COMMAND...: says WHAT, runs COMMAND without input; if that fails, shows what it printed and ends with its status.
step() {
  local what=$1 log status=0 ticker=
  shift
  log=$(mktemp)
  if [ -t 2 ]; then
    tick "$what" >/dev/null 9<&- &
    ticker=$!
  else
    say "$what"
  fi
  "$@" </dev/null >"$log" 2>&1 9<&- || status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    printf '\n' >&2
  fi
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  [ "$status" -eq 0 ] || {
    say "failed with status $status: $what"
    exit "$status"
  }
}
