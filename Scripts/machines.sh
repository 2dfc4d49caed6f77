# Machines of our own for scripts that try things out: sourced, not run.

# The address this machine's apt has a suite from; nothing where it has none.
address() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$1" '$2 == suite && $3 == "main" { print $1; exit }'
}

# The network of this machine, as far as apt needs it, in a root.
lend_network() {
  local root=$1 file
  apt-config dump Acquire | grep -E '^Acquire::(https?|Check-|Retries)' \
    >"$root/etc/apt/apt.conf.d/90machine" || true
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp -L "$file" "$root$file"
  done
}

# The suites that a root has its packages from.
lend_suites() {
  local root=$1 suite uri
  shift
  : >"$root/etc/apt/sources.list"
  for suite in "$@"; do
    uri=$(address "$suite")
    if [ -n "$uri" ]; then
      echo "deb $uri $suite main" >>"$root/etc/apt/sources.list"
    elif [[ $suite != *-* ]]; then
      echo "deb http://deb.debian.org/debian $suite main" >>"$root/etc/apt/sources.list"
    else
      echo "$(basename "$0"): apt of this machine does not know $suite; it is left out" >&2
    fi
  done
}
