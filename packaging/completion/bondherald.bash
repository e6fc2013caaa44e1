# Completion of bondherald for bash.

_bondherald_bonds() { cat /sys/class/net/bonding_masters 2>/dev/null; }

_bondherald() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-} words
  COMPREPLY=()
  case $previous in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    --kinds) words='rarp garp na mcast rarp,garp rarp,garp,na' ;;
    --metrics) words='off 127.0.0.1:9871' ;;
    --log) words='text json' ;;
    --bond) words=$(_bondherald_bonds) ;;
    --mac | --vlan | --rounds | --count) return ;;
    *) words=$(_bondherald_words) ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [ "$command ${COMP_WORDS[2]-}" != 'config check' ] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
}

_bondherald_words() {
  local common='--help --version'
  [ "$COMP_CWORD" -gt 1 ] || { echo "run announce guests status doctor standby watch cleanup config $common" && return; }
  case $command in
    run) echo "--config --bond --kinds --metrics --log $common" ;;
    announce) echo "$(_bondherald_bonds) --mac --vlan --kinds --rounds --dry-run --config --json $common" ;;
    guests) echo "$(_bondherald_bonds) --config --json --watch $common" ;;
    status) echo "--config --html --json --watch $common" ;;
    watch) echo "$(_bondherald_bonds) --count --config --json $common" ;;
    standby) echo "$(_bondherald_bonds) --config --json $common" ;;
    cleanup) echo "$common" ;;
    doctor) echo "--config --json $common" ;;
    config)
      case $COMP_CWORD:${COMP_WORDS[2]} in
        2:*) echo "check show $common" ;;
        *:check) echo "$common" ;;
        *:show) echo "--config --bond --kinds --metrics --json $common" ;;
      esac
      ;;
  esac
}

complete -F _bondherald bondherald
