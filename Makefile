# vod-tender: `make demo` to see it, `make run` to use it, `make help` for the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH := $(VENV)/bench
BENCH_STAMP := $(BENCH)/.installed

.PHONY: help install install-dev env demo run lint types test test-postgres bench-download browser tools up lock screenshots clean

help: ## these lines
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: $(STAMP) ## make .venv and install what it needs to run

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "vod-tender needs Python 3.11 or newer (set PYTHON=)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "no venv module: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

install-dev: $(DEV_STAMP) ## also what the tests and checks need

$(DEV_STAMP): requirements-dev.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

env: .env ## write .env with fresh keys, when there is none

.env: | $(STAMP)
	@umask 077; $(BIN)/python -m vodtender.newenv .env.example .env

demo: install ## everything on this machine, with a simulated Twitch and YouTube
	@exec $(BIN)/python manage.py up --simulator

run: install env ## everything on this machine, from .env or the environment
	@exec $(BIN)/python manage.py up

up: ## the same with PostgreSQL, Prometheus, Grafana and Jaeger, in Docker
	@exec deploy/up

lint: install-dev ## style and common mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-dev ## mypy --strict
	$(BIN)/mypy

test: install-dev tools ## all tests
	$(BIN)/pytest -n 2 --dist loadfile

test-postgres: install-dev browser ## the tests on PostgreSQL: TEST_DATABASE_URL's, or a server just for them (TESTS=)
	$(BIN)/python -m tests.postgres $(BIN)/pytest -n 2 --dist loadfile $(TESTS)

test-faults: install-dev tools ## kill -9, stops, cancels, and what Twitch and YouTube do, on real processes
	$(BIN)/pytest -m faults tests/faults tests/journey

test-faults-postgres: install-dev browser ## the kills, the stop and the claims of test-faults on PostgreSQL
	$(BIN)/python -m tests.postgres $(BIN)/pytest -m faults tests/faults/test_kill_9.py tests/faults/test_stop.py tests/faults/test_queue.py

test-faults-long: install-dev ## the kills and stops with the product's own lease and timeouts, in real time
	REAL_TIME=1 $(BIN)/pytest -m faults -q tests/faults/test_kill_9.py tests/faults/test_stop.py

test-kill9: install-dev ## kill -9 of everything at random moments of a download, N=20 times (SEED= repeats a run)
	N=$(or $(N),20) SEED=$(SEED) $(BIN)/pytest -m faults -q tests/faults/test_kill9_at_random.py

bench-queue: install ## claim and dispatch at 100,000 VODs against 1,000
	$(BIN)/python -m benchmarks.queue

bench-telemetry: install ## a scrape of a large archive against a small one, and what tracing costs a page
	$(BIN)/python -m benchmarks.telemetry

browser: ## the real browser that some tests drive
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
		else echo "The tests need Chromium: apt install chromium"; exit 1; fi; }

tools: ## that, and the other real programs that some tests run
	@needed=; for pair in chromium:chromium promtool:prometheus amtool:prometheus-alertmanager go:golang-go systemd-analyze:systemd; do \
		command -v $${pair%%:*} >/dev/null || needed="$$needed $${pair##*:}"; done; \
	test -z "$$needed" || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$needed fonts-liberation >/dev/null || exit 1; \
		test ! -d /run/systemd/system || for unit in prometheus prometheus-alertmanager; do \
			case "$$needed " in *" $$unit "*) systemctl disable --quiet --now $$unit;; esac; done; \
	else echo "Not here, so that their tests are skipped (without Chromium, all of them): apt install$$needed"; command -v chromium >/dev/null || exit 1; fi

bench-download: install-dev $(BENCH_STAMP) ## our download against yt-dlp, aria2 and streamlink, over a local nginx
	@command -v aria2c >/dev/null && test -e /usr/lib/nginx/modules/ngx_http_lua_module.so || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				aria2 nginx-light libnginx-mod-http-lua >/dev/null; \
		else echo "The bench needs: apt install aria2 nginx-light libnginx-mod-http-lua"; exit 1; fi; }
	$(BIN)/python -m benchmarks.download $(BENCH_ARGS)

$(BENCH_STAMP): requirements-bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

lock: install-dev ## renew the requirements*.txt from the .in files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header requirements-bench.in -o requirements-bench.txt

upgrade-ytdlp: install-dev ## renew yt-dlp alone, in requirements.txt and in .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade-package yt-dlp --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $(STAMP)

screenshots: install-dev browser ## the pictures of the README, from made-up rows
	$(BIN)/python tests/pages/pictures.py

clean: ## remove what was installed; data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache staticfiles
