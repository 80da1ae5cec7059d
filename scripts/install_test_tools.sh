#!/bin/sh
# Browsers, sound and network tools for `make test`. On Debian it installs what is missing, as root or with sudo;
# elsewhere it says what is missing and fails. Does nothing when all is there.
set -eu

# command:package pairs; a command found anywhere on PATH is good enough.
TOOLS="chromium:chromium firefox-esr:firefox-esr pulseaudio:pulseaudio pactl:pulseaudio-utils parec:pulseaudio-utils
ffmpeg:ffmpeg ip:iproute2 tc:iproute2 turnserver:coturn haproxy:haproxy chrt:util-linux openssl:openssl
WebKitWebDriver:webkit2gtk-driver Xvfb:xvfb"

# Administration tools lie where the PATH of a plain user does not always lead.
PATH="$PATH:/usr/sbin:/sbin"
packages=""
for pair in $TOOLS; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || packages="$packages ${pair##*:}"
done
# Debian splits this off Python; without it there is no virtual environment.
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || packages="$packages python3-venv"
[ -n "$packages" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ]; then
    as_root=""
  elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
  else
    echo "The tests need:$packages. Install them as root: apt-get install$packages" >&2
    exit 1
  fi
  echo "Installing for the tests:$packages"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  # shellcheck disable=SC2086 # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $packages fonts-dejavu-core
  # Debian starts coturn as a service: a relay on every interface. The tests start their own, in a namespace.
  case "$packages" in
    *coturn*) if [ -d /run/systemd/system ]; then $as_root systemctl disable --now coturn; fi ;;
  esac
  # And HAProxy, with nothing to serve.
  case "$packages" in
    *haproxy*) if [ -d /run/systemd/system ]; then $as_root systemctl disable --now haproxy; fi ;;
  esac
else
  echo "The tests need these Debian packages, or what this system calls them:$packages" >&2
  exit 1
fi
