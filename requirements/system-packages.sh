#!/bin/sh
# Makes sure of the programs that the tests use beside Python; installs them where it may.
set -eu
missing=""
for program in curl node npm strace systemd-analyze chromium; do
  command -v "$program" >/dev/null && continue
  case "$program" in
    node) missing="$missing nodejs" ;;
    systemd-analyze) missing="$missing systemd" ;;
    chromium) command -v google-chrome >/dev/null || missing="$missing chromium" ;; # Ubuntu's own is a snap
    *) missing="$missing $program" ;;
  esac
done
# Without it the browser draws boxes in place of Chinese.
dpkg-query --show fonts-wqy-zenhei >/dev/null 2>&1 || missing="$missing fonts-wqy-zenhei"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "make: the tests need$missing; run: sudo apt-get install$missing" >&2; exit 1
fi
