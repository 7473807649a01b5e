#!/usr/bin/env bash
# Makes .venv hold exactly what requirements.lock says. Quick when it already does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

needed_mb=2500
fail() { echo "set-up stopped: $*" >&2; exit 1; }

stamp=.venv/installed-from
if [ -f "$stamp" ] && cmp -s requirements.lock "$stamp" && .venv/bin/python -c "" 2>/dev/null; then
    exit 0
fi

python=""
for candidate in "${PYTHON:-}" python3.11 python3 python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11 is needed. Install it (Debian: apt-get install python3.11 python3.11-venv), or name it with PYTHON=/path/to/python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "Python's venv module is missing. Install it (Debian: apt-get install python3.11-venv)"

free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge "$needed_mb" ] || fail "$needed_mb MB are needed in $PWD, $free_mb MB are free. Free some and start again"

# The log is read only when something goes wrong, so it stays out of the way until then.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "• installing what the lock file names into .venv (about 1.2 GB, once; a minute or two)"
"$python" -m venv --clear .venv >"$log" 2>&1 || fail "a virtual environment can't be made in $PWD: $(tail -n 1 "$log")"
install() { .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off "$@" >>"$log" 2>&1; }
if ! install --require-hashes --requirement requirements.lock; then
    cp "$log" .venv/install.log
    if grep -qiE 'no space left' "$log"; then
        fail "the disk is full. Free $needed_mb MB and start again"
    elif grep -qiE 'connection|resolve|timed out|network|proxy' "$log"; then
        fail "the package index can't be reached. Check the network (and the proxy, if there is one) and start again; details in .venv/install.log"
    fi
    fail "packages can't be installed: $(grep -i error "$log" | tail -n 1). Details in .venv/install.log"
fi
# The project itself: importable from everywhere, straight from this folder.
echo "$PWD" > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/prompt_marketplace.pth"
cp requirements.lock "$stamp"
