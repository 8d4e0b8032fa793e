# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
VENV := build/venv
TOOLS := build/tools
REPORTS := build/reports
COLLECTIONS := build/collections
DIST := build/dist

.DEFAULT_GOAL := help
.PHONY: help demo test test-all simulators bench docs dist execution-environment clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r command what; do \
	  printf '%-27s %s\n' "$$command" "$$what"; done

demo: $(VENV)/ready collection  ## watch the shipped playbooks do their main job, against simulators on this machine
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(COLLECTIONS) PYTHONPATH=tests exec $(VENV)/bin/python -m demo

simulators: $(VENV)/ready collection  ## start the three simulators and leave them running, to play with by hand
	@PYTHONPATH=tests exec $(VENV)/bin/python -m simulators

bench: $(VENV)/ready collection  ## measure speed and memory against what one would use otherwise (BENCH=--tiny: a glimpse)
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(COLLECTIONS) PYTHONPATH=tests exec $(VENV)/bin/python -m bench $(BENCH)

test:  ## run everything that CI runs: playbooks on the newest ansible-core for this Python, modules on the oldest
test-all:  ## run all of it on every ansible-core that a Python of this machine can install
test-all: LINES := all
test test-all: $(TOOLS)/ready
	@rm -rf $(REPORTS) && mkdir -p $(REPORTS)
	@echo 'Each part prints when it has ended. One alone: $(TOOLS)/bin/nox -e lint ($(TOOLS)/bin/nox --list names all)'
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
	  $(addprefix part-,$(shell PYTHONPATH=tests $(TOOLS)/bin/python -m machine parts $(LINES))); \
	  status=$$?; PYTHONPATH=tests $(TOOLS)/bin/python -m machine tell $(REPORTS); exit $$status

CHECKS := lint docs docs-check license-check extra-checks build-import-check ansible-lint

part-checks:
	@$(TOOLS)/bin/nox -e $(CHECKS)

# Of a line that is no release yet, a failure is said, and is none.
part-%-candidate:
	-@$(MAKE) --no-print-directory part-$*

part-%:
	@$(TOOLS)/bin/nox --report $(REPORTS)/$*.json -e $*

docs: $(TOOLS)/ready  ## build the documentation: build/docs/html/index.html
	@$(TOOLS)/bin/nox -e docs

dist: tarball  ## build what Galaxy takes, and users install, into build/dist
	@ls $(DIST)/*.tar.gz

execution-environment: $(TOOLS)/ready  ## build the image for AWX and ansible-navigator with Podman, and try it
	@$(TOOLS)/bin/nox -e execution-environment

clean:  ## remove what these commands have made
	rm -rf build tests/output

.PHONY: tarball collection
tarball: $(VENV)/ready
	@rm -rf $(DIST)
	@$(VENV)/bin/ansible-galaxy collection build --output-path $(DIST) > build/dist.log || { cat build/dist.log; exit 1; }

collection: tarball
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(COLLECTIONS) $(VENV)/bin/ansible-galaxy collection install --force -p $(COLLECTIONS) $(DIST)/*.tar.gz > build/collection.log || { cat build/collection.log; exit 1; }

$(VENV)/ready: requirements.txt tests/simulators/requirements.txt
	@echo 'Setting up $(VENV) (ansible-core, requests and what the simulators need) …'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check ansible-core -r requirements.txt -r tests/simulators/requirements.txt
	@touch $@

$(TOOLS)/ready: tests/requirements.txt
	@echo 'Setting up $(TOOLS) (nox and antsibull-nox) …'
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@# uv takes a thirtieth of pip's time, but does not read how pip was configured. Where it reaches no index, nox goes without.
	@echo nox | UV_SYSTEM_CERTS=1 UV_HTTP_RETRIES=0 $(TOOLS)/bin/uv pip compile --quiet - > build/uv.log 2>&1 \
	  || $(TOOLS)/bin/pip uninstall --quiet --yes uv
	@touch $@
