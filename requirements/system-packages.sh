#!/bin/sh
# Makes sure of the programs that the tests use beside Python; installs them where it may.
set -eu
missing=""
for program in curl node npm strace systemd-analyze; do
  command -v "$program" >/dev/null && continue
  case "$program" in
    node) missing="$missing nodejs" ;;
    systemd-analyze) missing="$missing systemd" ;;
    *) missing="$missing $program" ;;
  esac
done
# Any of those that tests/browser/chromium.py looks for; Ubuntu's own is a snap.
{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || missing="$missing chromium"
# Without a font the browser draws boxes in place of Chinese, which no test minds.
if ! command -v dpkg-query >/dev/null; then
  echo "make: no dpkg here; see that there is a font with Chinese, for screenshots" >&2
elif ! dpkg-query --show fonts-wqy-zenhei >/dev/null 2>&1; then
  missing="$missing fonts-wqy-zenhei"
fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "make: the tests need$missing; run: sudo apt-get install$missing" >&2; exit 1
fi
