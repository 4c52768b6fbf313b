#!/bin/sh
# Makes .venv with the given Python (3.11 or newer), and says what is missing where it cannot.
set -eu
python="$1"
command -v "$python" >/dev/null || { echo "make: '$python' was not found; install Python 3.11 or newer" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "make: $("$python" --version) is too old; Similis needs 3.11 or newer (make PYTHON=python3.12 …)" >&2; exit 1; }
# Debian and Ubuntu ship Python without ensurepip; the package python3-venv brings it.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  version=$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$version" >/dev/null
  else
    echo "make: this Python cannot make virtual environments; run: sudo apt-get install $version" >&2; exit 1
  fi
fi
exec "$python" -m venv .venv
