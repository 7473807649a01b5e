#!/usr/bin/env bash
# Sets everything up and runs it: ./start.sh (stays up) or ./start.sh demo (one pass, then ends). ./start.sh --help tells more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
scripts/setup.sh
exec .venv/bin/python -m cli.start "$@"
