# Targets for people; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SOURCES ?= .local/sample
CONTRACTS ?= examples/sample
AS_OF ?= newest
ROWS ?= 20
REQUEST ?=
PORT ?= 8000
WORKERS ?= 1
ifdef LAKE
export OCV_LAKE := $(LAKE)
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo pipeline try contract identity-preview zones-preview serve processing-record breach-list erase retention backup restore sample verify-ledger test lint

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## virtual environment, pinned dependencies, Delta jars (once)

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) scripts/check_machine.py
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(RUN) -c constraints.txt -e '.[dev]'
	@$(RUN) -m compileall -q -j 0 -x node_modules */
	@$(RUN) -m lake.jars
	@touch $@

sample: setup ## generate the bundled sample's channel files
	@test -f .local/sample/crm.csv || $(RUN) -m benchmarks.generate --people 1000 --seed 1 --out .local/sample

demo: sample ## everything on the sample: pipeline, then serve; prints addresses, tokens and curl lines
	@OCV_DEMO=1 $(RUN) -m spark_jobs.pipeline --sources .local/sample --contracts examples/sample
	@OCV_DEMO=1 $(RUN) -m profile_api.serve --port $(PORT)

pipeline: setup ## SOURCES=DIR CONTRACTS=DIR [LAKE=URI] [REPORT=FILE] [AS_OF=INSTANT]: channel files to served profiles
	@$(RUN) -m spark_jobs.pipeline --sources $(SOURCES) --contracts $(CONTRACTS) --as-of $(AS_OF) $(if $(REPORT),--report $(REPORT))

try: setup ## CONTRACT=FILE [SOURCES=DIR] [ROWS=20]: rows as read beside rows as written, and why not; keeps nothing
	@$(RUN) -m channel_files.trying --contract $(CONTRACT) --sources $(SOURCES) --rows $(ROWS)

contract: setup ## FILE=FILE: propose a contract for a file
	@$(RUN) -m channel_files.proposing --file '$(FILE)'

identity-preview: setup ## RULES=FILE [LAKE=URI] [JSON=FILE]: merges and splits that changed rules would cause
	@$(RUN) -m spark_jobs.resolve.preview --rules $(RULES) $(if $(JSON),--json $(JSON))

zones-preview: setup ## RULES=FILE [MESSAGES=FILE] [LAKE=URI]: past interactions that changed rules would put into another zone
	@$(RUN) -m spark_jobs.zones_preview --rules '$(RULES)' $(if $(MESSAGES),--messages '$(MESSAGES)') $(if $(JSON),--json $(JSON))

serve: setup ## [LAKE=URI] [PORT=8000] [WORKERS=1]: serve what the pipeline published
	@$(RUN) -m profile_api.serve --port $(PORT) --workers $(WORKERS)

verify-ledger: setup ## [ANCHOR=FILE]: check the consent ledger from its first event to its last, and against an anchor kept elsewhere
	@$(RUN) -m consent.verify $(if $(ANCHOR),--anchor $(ANCHOR))

processing-record: setup ## [LANGUAGE=fr|en] [CONTRACTS=DIR]: the record of processing activities (Art. 30), as Markdown
	@$(RUN) -m consent.processing --contracts $(CONTRACTS) $(if $(LANGUAGE),--language $(LANGUAGE))

breach-list: setup ## READER=SUB | SUBSCRIPTION=ID | SOURCE=NAME, SINCE=INSTANT UNTIL=INSTANT CASE=NUMBER [OUT=FILE]: whose data they saw
	@$(RUN) -m spark_jobs.breach $(if $(READER),--reader '$(READER)') $(if $(SUBSCRIPTION),--subscription '$(SUBSCRIPTION)') $(if $(SOURCE),--source '$(SOURCE)') --since '$(SINCE)' --until '$(UNTIL)' --case '$(CASE)' $(if $(OUT),--out $(OUT))

erase: setup ## REQUEST=ID [CONTRACTS=DIR] [LAKE=URI]: erase the person of a privacy request from every store
	@$(RUN) -m erasure.run --request '$(REQUEST)' --contracts $(CONTRACTS)

backup: setup ## TO=DIR [LAKE=URI]: database and lake into an empty folder
	@$(RUN) -m recovery.backup --to $(TO)

restore: setup ## FROM=DIR [CONTRACTS=DIR] [LAKE=URI]: a backup into empty stores; whoever was erased since stays erased
	@$(RUN) -m recovery.restore --from $(FROM) --contracts $(CONTRACTS)

retention: setup ## [DRY_RUN=1] [CONTRACTS=DIR] [LAKE=URI]: delete what no purpose keeps any more, or say what would go
	@$(RUN) -m spark_jobs.retention --contracts $(CONTRACTS) $(if $(DRY_RUN),--dry-run)

test: setup ## every test; sets up what it needs
	@$(RUN) -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: setup ## ruff, mypy and the layers
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports --no-logo
