# Every target sets itself up in .venv: only Python (3.11 to 3.14) and make are needed beforehand.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
LOGS := 2000
SEATS := 20
FILES := 10000
UV_COMPILE := uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	--fork-strategy fewest --output-file requirements.lock

.PHONY: help report test lab lint workshop course seats bench coverage judge fuzz faults notebooks sample picture lock

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16

report: .venv/ready ## run the notebooks on the sample and write an offline HTML report to reports/
	$(BIN)/omninb report --out reports

test: .venv/ready ## unit, property and doc tests, then every notebook against its committed outputs
	$(BIN)/pytest -rs -n auto --dist loadfile
	$(BIN)/pytest -o addopts= --nbval --nbval-current-env --nbval-sanitize-with=tools/nbval.cfg \
		notebooks/*.ipynb notebooks/workshop/masters

lab: .venv/ready ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --LabApp.news_url=None --LabApp.default_url=/lab/tree/notebooks \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

lint: .venv/ready ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

workshop: .venv/ready ## write the workshop's student copies from their masters; CHECK=--check only looks whether they are right
	$(BIN)/omninb workshop copies notebooks/workshop $(CHECK)

course: .venv/ready ## every lesson of the workshop on 20 seats: solutions, untouched copies, wrong answers, about ten minutes; SEATS=2 for a quick look
	$(BIN)/python benchmarks/course.py --seats $(SEATS)

seats: .venv/ready ## five seats of the workshop at once: seconds to start and memory, then as on the first day
	$(BIN)/python benchmarks/seats.py
	$(BIN)/python benchmarks/seats.py --first-ever

bench: .venv/ready .venv-peers/ready ## time and memory at 10 million touchpoints, beside the peers; of reading 20 million rows of CSV; of the simulator at 1 million; of each control of the explorers, also on screen
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/reading_speed.py
	$(BIN)/python benchmarks/simulate_speed.py
	$(BIN)/python benchmarks/experiment_speed.py
	-$(BIN)/python benchmarks/explorer_speed.py
	-$(BIN)/python benchmarks/explorer_screen.py
	$(BIN)/python benchmarks/report_speed.py --same 10

coverage: .venv/ready ## how often the intervals hold the truth, over simulated logs
	$(BIN)/python benchmarks/interval_coverage.py

judge: .venv/ready ## intervals, false alarms and planted effects of every analysis in one table, about 40 minutes; LOGS=200 for a quick look
	$(BIN)/python benchmarks/judge.py --logs $(LOGS)

fuzz: .venv/ready ## read 10,000 spoilt files: each gives a log that balances, or a sentence; about five minutes; FILES=500 for a quick look
	$(BIN)/python benchmarks/fuzz.py --files $(FILES)

faults: .venv/ready ## each of the fourteen faults of a run 20 times, about 30 minutes
	$(BIN)/python benchmarks/faults.py

notebooks: .venv/ready ## run the notebooks again in place, as they are committed
	$(BIN)/python tools/execute_notebooks.py notebooks/*.ipynb notebooks/workshop/masters/*.ipynb

sample: .venv/ready ## write the samples in data/, clean and dirty, again from the simulator
	$(BIN)/python tools/write_sample.py
	$(BIN)/python tools/write_dirty_sample.py

picture: .venv/ready ## draw the README's journey map and the sample's shop again
	$(BIN)/python tools/draw_picture.py
	$(BIN)/python tools/draw_shop.py

lock: .venv/ready ## write requirements.lock again from pyproject.toml; delete it first for newer versions
	$(BIN)/$(UV_COMPILE)

# uv comes first because it installs the hashed lock in seconds.
.venv/ready: requirements.lock pyproject.toml
	@python=$$(bash tools/find_python.sh) && "$$python" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv-peers/ready: benchmarks/requirements-peers.txt .venv/ready
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-peers
	$(BIN)/uv pip install --quiet --python .venv-peers/bin/python -r benchmarks/requirements-peers.txt
	@touch $@
