#!/usr/bin/env bash
# Runs the integration tests on servers that are not ours: Debian's PostgreSQL and Redis on free local ports, in a throw-away
# directory; given paths or options, only those. Needs: apt-get install postgresql redis-server
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "can't test on Debian's servers: $*" >&2; exit 1; }
binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$binaries" ] && [ -x "$binaries/initdb" ] || fail "no PostgreSQL under /usr/lib/postgresql (apt-get install postgresql)"
command -v redis-server >/dev/null || fail "no redis-server (apt-get install redis-server)"

place=$(mktemp -d)
chmod 755 "$place"
mkdir "$place/postgres" "$place/redis"
run=()
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL refuses to run as root; Debian's package brings this user.
    chown postgres "$place/postgres"
    run=(runuser -u postgres --)
fi
free_port() { .venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
postgres_port=$(free_port) redis_port=$(free_port)
redis_pid=""
stop() {
    "${run[@]}" "$binaries/pg_ctl" -D "$place/postgres" -m fast stop >/dev/null 2>&1 || true
    [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
(cd / && "${run[@]}" "$binaries/initdb" -D "$place/postgres" -U postgres --auth=trust --encoding=utf8 --locale=C.UTF-8 >/dev/null)
(cd / && "${run[@]}" "$binaries/pg_ctl" -D "$place/postgres" -w -l "$place/postgres/log" \
    -o "-c listen_addresses=127.0.0.1 -p $postgres_port -k /tmp -c max_connections=200" start >/dev/null)
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$place/redis" --appendonly yes --save "" >"$place/redis.log" &
redis_pid=$!
DATABASE_URL="postgresql://postgres@127.0.0.1:$postgres_port/marketplace" \
    REDIS_URL="redis://127.0.0.1:$redis_port/0" .venv/bin/python -m pytest -n 2 --dist loadfile "${@:-tests/integration}"
