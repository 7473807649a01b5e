#!/usr/bin/env bash
# Runs the integration tests on servers that are not ours: Debian's PostgreSQL and Redis on free local ports, a pair for each of
# two test workers, in a throw-away directory; given paths or options, only those. Needs: apt-get install postgresql redis-server
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fail() { echo "can't test on Debian's servers: $*" >&2; exit 1; }
binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$binaries" ] && [ -x "$binaries/initdb" ] || fail "no PostgreSQL under /usr/lib/postgresql (apt-get install postgresql)"
command -v redis-server >/dev/null || fail "no redis-server (apt-get install redis-server)"

place=$(mktemp -d)
chmod 755 "$place"
run=()
# PostgreSQL refuses to run as root; Debian's package brings this user.
[ "$(id -u)" != 0 ] || run=(runuser -u postgres --)
workers=(GW0 GW1)
redis_pids=()
stop() {
    for worker in "${workers[@]}"; do
        "${run[@]}" "$binaries/pg_ctl" -D "$place/$worker/postgres" -m fast stop >/dev/null 2>&1 || true
    done
    [ ${#redis_pids[@]} = 0 ] || kill "${redis_pids[@]}" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
free_port() { .venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
start_pair() {
    local worker=$1 postgres_port redis_port
    postgres_port=$(free_port) redis_port=$(free_port)
    mkdir -p "$place/$worker/postgres" "$place/$worker/redis"
    [ "$(id -u)" != 0 ] || chown postgres "$place/$worker/postgres"
    (
        cd /
        "${run[@]}" "$binaries/initdb" -D "$place/$worker/postgres" -U postgres --auth=trust --encoding=utf8 --locale=C.UTF-8
        "${run[@]}" "$binaries/pg_ctl" -D "$place/$worker/postgres" -w -l "$place/$worker/postgres/log" \
            -o "-c listen_addresses=127.0.0.1 -p $postgres_port -k /tmp -c max_connections=200" start
    ) >/dev/null
    redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$place/$worker/redis" --appendonly yes --save "" \
        >"$place/$worker/redis.log" &
    redis_pids+=($!)
    export "DATABASE_URL_$worker=postgresql://postgres@127.0.0.1:$postgres_port/marketplace"
    export "REDIS_URL_$worker=redis://127.0.0.1:$redis_port/0"
}
for worker in "${workers[@]}"; do start_pair "$worker"; done
.venv/bin/python -m pytest -n ${#workers[@]} --dist loadfile "${@:-tests/integration}"
