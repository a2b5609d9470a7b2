#!/bin/sh
# Installs the Debian packages that Outdial needs and this machine lacks.
#
#   sh install.sh run      to build and run            sh install.sh check    also to test
#   sh install.sh list     prints them all                sh install.sh fuzz     also to fuzz
#
# Root is used for apt-get alone: directly, or through sudo that asks nothing; otherwise the command is printed.
# The servers that come with PostgreSQL's and nginx's packages are neither started nor given a cluster: Outdial runs
# its own, as an ordinary user.
set -eu

# package, or package=command when another package may bring the same command
run="gcc g++ libc6-dev make pkg-config=pkg-config ca-certificates passwd=useradd tzdata
     libfcgi-dev libpq-dev libcurl4-openssl-dev libjson-c-dev libxml2-dev libjwt-dev libssl-dev libsodium-dev
     liboath-dev libqrencode-dev
     libphonenumber-dev libprotobuf-dev libcsv-dev libevent-dev nginx-light=nginx postgresql-15 postgresql-client-15 npm=npm"
check="libcmocka-dev postgresql-15-pgtap libtap-parser-sourcehandler-pgtap-perl=pg_prove procps=ps curl=curl git=git
     chromium=chromium fonts-liberation prometheus=promtool"
fuzz="clang=clang libclang-rt-14-dev"

case "${1:-run}" in
run) wanted=$run ;;
fuzz) wanted="$run $fuzz" ;;
check) wanted="$run $check" ;;
list) for item in $run $check $fuzz; do echo "${item%%=*}"; done; exit 0 ;;
*) echo "usage: install.sh [run | check | fuzz | list]" >&2; exit 2 ;;
esac

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing=
for item in $wanted; do
    case $item in *=*) command -v "${item#*=}" >/dev/null 2>&1 && continue ;; esac
    state=$(dpkg-query -W -f '${db:Status-Status}' "${item%%=*}" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing ${item%%=*}"
done
[ -n "$missing" ] || exit 0

echo "Missing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Root is needed to install them, and only for that. Run this once as root, then try again:" >&2
    echo "    sh $(cd "$(dirname "$0")" && pwd)/install.sh ${1:-run}" >&2
    exit 1
fi

echo "Installing them with apt-get ..."
log=$(mktemp)
script=$(mktemp)
trap 'rm -f "$log" "$script"' EXIT
cat >"$script" <<'ROOT'
set -eu
undo() {
    [ -z "${policy:-}" ] || rm -f /usr/sbin/policy-rc.d
    [ -z "${cluster:-}" ] || rm -f /etc/postgresql-common/createcluster.d/outdial.conf
}
trap undo EXIT
if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=1
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
fi
if [ ! -e /etc/postgresql-common/createcluster.d/outdial.conf ]; then
    cluster=1
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/outdial.conf
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
ROOT
if ! $as_root sh "$script" $missing >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    echo "apt-get did not succeed. What is still missing can be installed by hand: apt-get install$missing" >&2
    exit 1
fi
echo "Installed."
