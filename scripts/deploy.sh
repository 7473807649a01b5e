#!/usr/bin/env bash
# Rolls the current commit out with Docker Compose on a remote Docker host: deploy.sh staging|production ssh://user@host
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=$1 host=$2
fail() { echo "not deployed: $*" >&2; exit 1; }
[ -n "$host" ] || fail "say where to: ${environment^^}_DOCKER_HOST=ssh://user@host make deploy-$environment"
[ -f ".env.$environment" ] || fail ".env.$environment is missing; copy .env.example and fill in what production needs"
[ -z "$(git status --porcelain)" ] || fail "the work tree has changes that are in no commit"
export IMAGE_TAG DOCKER_HOST=$host
IMAGE_TAG=$(git rev-parse --short=12 HEAD)
docker compose --env-file ".env.$environment" up --build --detach --wait
echo "deployed $IMAGE_TAG to $environment"
