# Every target sets up .venv by itself on a fresh clone. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# Byte code makes every start quicker; some machines turn it off.
export PYTHONDONTWRITEBYTECODE :=
SOURCES := warehouse ranking api orchestration dashboards cli simulators scripts bench tests

.PHONY: help setup start demo dev pipeline migrate migrate-create seed db-shell shell test test-unit test-integration test-slow \
	test-servers coverage fuzz fuzz-deep lint lint-style lint-types lint-sql lint-security format lock docs docs-site bench clean \
	docker-up docker-down docker-logs deploy-staging deploy-production

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-20s %s\n", $$1, $$2 }'

setup: ## make .venv hold what requirements.lock says
	@scripts/setup.sh

start: ## run everything in the foreground (./start.sh)
	@./start.sh

demo: ## one pass of the main job, then end (./start.sh demo)
	@./start.sh demo

dev: ## run the API with reload, and the servers it needs
	@./start.sh dev

pipeline: setup ## one full pipeline run: load, transform, check, rank, publish
	@$(PYTHON) cli/manage.py pipeline run

migrate: setup ## create the databases and bring their schemas up to date
	@$(PYTHON) cli/manage.py db init

migrate-create: setup ## write a new migration: make migrate-create MESSAGE="add a table"
	@test -n "$(MESSAGE)" || { echo 'say what it does: make migrate-create MESSAGE="add a table"' >&2; exit 2; }
	@$(PYTHON) -m alembic revision --autogenerate -m "$(MESSAGE)"

seed: setup ## fill an empty marketplace with the sample data
	@$(PYTHON) cli/manage.py db seed

db-shell: setup ## psql on the application database (DATABASE=warehouse for the other, DATABASE=analyst to read marts)
	@$(PYTHON) -m scripts.database_shell $(or $(DATABASE),application)

shell: setup ## a Python shell with settings and running servers
	@$(PYTHON) -i -m scripts.python_shell

test: setup ## all tests but the slow ones
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not slow"

# By itself: counting lines takes half as much of the processor again.
coverage: setup ## the same tests, with the share of lines and branches they reach; fails below the least
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report=term

test-slow: setup ## the real data in full, and what is random or killed with many repeats
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow

test-unit: setup ## the tests that need no server
	@$(PYTHON) -m pytest -n 2 --dist loadfile tests/unit

test-integration: setup ## the tests on real servers
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not slow" tests/integration

test-servers: setup ## the integration tests on Debian's PostgreSQL and Redis instead of the embedded ones
	@scripts/test_on_debian_servers.sh

fuzz: setup ## hundreds of made-up requests for each route: answers must be as the OpenAPI document says
	@SCHEMA_EXAMPLES=$(or $(EXAMPLES),200) $(PYTHON) -m pytest -n 2 --dist load tests/integration/api/schema

fuzz-deep: setup ## thousands for each route; takes hours
	@SCHEMA_EXAMPLES=$(or $(EXAMPLES),5000) $(PYTHON) -m pytest -n 2 --dist load tests/integration/api/schema

lint: setup ## style, types, imports, SQL, security and size budgets
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-style lint-types lint-sql lint-security

lint-style:
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/ruff format --check $(SOURCES)
	@.venv/bin/lint-imports
	@$(PYTHON) -m scripts.check_sizes

lint-types:
	@.venv/bin/mypy

# One process: the other processor has the types meanwhile.
lint-sql:
	@.venv/bin/sqlfluff lint transforms

lint-security:
	@# Of a statement on several lines, bandit warns that some of them would have needed no `nosec`.
	@.venv/bin/bandit -q -r -c pyproject.toml warehouse ranking api orchestration dashboards cli simulators scripts \
		2> >(grep -v 'nosec encountered' >&2)
	@$(PYTHON) -m scripts.check_secrets

format: setup ## put source into the agreed form
	@.venv/bin/ruff check --fix $(SOURCES)
	@.venv/bin/ruff format $(SOURCES)
	@.venv/bin/sqlfluff fix --processes 2 transforms

lock: setup ## pin every dependency with its hashes, without addresses of an index
	@$(PYTHON) -m uv pip compile pyproject.toml --all-extras --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --quiet --output-file requirements.lock

docs: setup ## write the generated pages of docs/
	@$(PYTHON) -m warehouse.metrics > /dev/null
	@$(PYTHON) -m warehouse.event_document > /dev/null

docs-site: setup ## write the documentation of every table as one page, DATA_DIR/docs-site/index.html
	@$(PYTHON) -m orchestration.documentation

bench: setup ## repeatable measurements, as ratios
	@$(PYTHON) -m bench

clean: ## remove caches and build output; data in DATA_DIR stays
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov build dist *.egg-info

docker-up: ## run everything as containers
	@docker compose up --build --detach --wait

docker-down: ## stop the containers; their volumes stay
	@docker compose down

docker-logs: ## follow the containers' logs
	@docker compose logs --follow --tail 100

deploy-staging: ## roll the current commit out to the host in STAGING_DOCKER_HOST
	@scripts/deploy.sh staging "$${STAGING_DOCKER_HOST:-}"

deploy-production: ## roll the current commit out to the host in PRODUCTION_DOCKER_HOST
	@scripts/deploy.sh production "$${PRODUCTION_DOCKER_HOST:-}"
