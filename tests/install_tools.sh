#!/bin/sh
# Programs that tests run and Debian has: OpenSSH's server, for `edgeseg bench --on`; Chromium, for the page of
# `edgeseg report`.
# As root they are installed; otherwise, or elsewhere, the tests that need one are skipped and say so.

packages=""
[ -x /usr/sbin/sshd ] || packages="$packages openssh-server"
command -v chromium >/dev/null || packages="$packages chromium"
command -v chromedriver >/dev/null || packages="$packages chromium-driver"

[ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0

# The packages' own daemons stay off: the tests start what they need, with settings of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
# shellcheck disable=SC2086
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages ||
    echo "could not install$packages: the tests that need it are skipped"
