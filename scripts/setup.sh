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

# Read only when something goes wrong, so it stays out of the way until then.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
explain() {
    [ ! -d .venv ] || cp "$log" .venv/install.log
    if grep -qiE 'unknownissuer|certificate verify failed' "$log"; then
        fail "the package index's certificate isn't trusted here. Add the authority to the system's certificates and start again; details in .venv/install.log"
    elif grep -qiE 'no space left' "$log"; then
        fail "the disk is full. Free $needed_mb MB and start again"
    elif grep -qiE 'connect error|connection (refused|reset)|resolve|name resolution|timed out|proxy|could not find a version' "$log"; then
        fail "the package index can't be reached. Check the network (and the proxy, if there is one) and start again; details in .venv/install.log"
    fi
    fail "$1: $(grep -i error "$log" | tail -n 1). Details in .venv/install.log"
}

echo "• installing what requirements.lock names into .venv (about 1.2 GB, once)"
"$python" -m venv --clear .venv >"$log" 2>&1 || explain "a virtual environment can't be made in $PWD"
# uv reads the lock file many times faster than pip, and is itself pinned by it.
uv_only=.venv/uv.lock
awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements.lock >"$uv_only"
.venv/bin/python -m pip install --no-input --progress-bar off --no-deps --require-hashes --requirement "$uv_only" >"$log" 2>&1 ||
    explain "the installer can't be installed"
# A machine that reaches an index of its own has told pip so.
index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
index=${PIP_INDEX_URL:-$index}
# The certificates this machine trusts may include a company's own authority, which uv's bundled ones can't know.
certificates=()
[ ! -s /etc/ssl/certs/ca-certificates.crt ] || certificates=(--system-certs)
progress=(--quiet)
[ ! -t 2 ] || progress=()
if ! .venv/bin/uv pip install "${progress[@]}" "${certificates[@]}" --python .venv/bin/python --require-hashes --compile-bytecode \
    ${index:+--index-url "$index"} --requirement requirements.lock 2> >(tee -a "$log" >&2); then
    explain "packages can't be installed"
fi
# The project itself: importable from everywhere, straight from this folder.
echo "$PWD" > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/prompt_marketplace.pth"
cp requirements.lock "$stamp"
