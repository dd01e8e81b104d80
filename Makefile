# For a machine without a ROS distribution: everything lives in one virtual environment.
# On a distribution use colcon instead, see docs/getting-started/install.md.
SHELL := bash -o pipefail
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Which distribution's wheels: kilted or jazzy, each in an environment of its own.
ROS ?= kilted
VENV ?= .venv$(if $(filter-out kilted,$(ROS)),-$(ROS))
PYTHON ?= python3
prefix := $(abspath $(VENV))
python := $(prefix)/bin/python
ifneq (1,$(words $(prefix)))
$(error The path of $(VENV) has a space in it, which make cannot handle: name another by VENV=)
endif
ifeq (,$(wildcard requirements/$(ROS).txt))
$(error There are no wheels of ROS 2 $(ROS): choose ROS=kilted or ROS=jazzy)
endif

# What a sourced distribution or a Python of another venv leaves behind would be mixed into ours.
unexport PYTHONPATH PYTHONHOME
ifneq (,$(ROS_DISTRO)$(_ROS_WHEELS_BOOTSTRAP_COMPLETE))
unexport LD_LIBRARY_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
endif
export VIRTUAL_ENV := $(prefix)
export PATH := $(prefix)/bin:$(PATH)
export AMENT_PREFIX_PATH := $(prefix)
export CMAKE_PREFIX_PATH := $(prefix)

# Modules are compiled when they are first imported: most of 16000 never are, and all take half a minute.
pip = $(python) -m pip install --disable-pip-version-check --progress-bar off --no-compile --constraint constraints.txt \
  --constraint requirements/$(ROS).txt
# pip in a few lines: the big downloads as they begin, and everything from the first error on; but for what it says of the
# tokenizer's package, whose own requirements are left out on purpose (requirements/no-deps.txt).
briefly := 2>&1 | sed -unE -e '/^ERROR: pip.s dependency resolver/,$$d' -e '/^ *(ERROR|error):/,$$p' -e 's/^ *(Downloading|Using cached) (.*\([0-9]{2,}\.[0-9] MB\)).*/  \2/p'

sources := CMakeLists.txt package.xml README.md $(shell find msg srv launch config ros2_textfuse -type f \
  -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: help build demo test check lint campaign soak tensorrt-dryrun gpu-check clean
help:
	@echo 'make build   set up $(VENV) and install textfuse into it'
	@echo 'make demo    show it: [VISIBLE=folder THERMAL=folder | BAG=bag] [SECONDS=n] [OUT=folder]'
	@echo 'make test    lint, type check, tests; ROS=jazzy for those of that distribution'
	@echo 'make check   lint, type check and the fast tests'
	@echo 'make lint    lint and type check only'
	@echo 'make campaign   the long tests that make test leaves out'
	@echo 'make soak    faults for twenty minutes: does it recover, does it stay as small? [MINUTES=n]'
	@echo 'make tensorrt-dryrun   what TensorRT would take of the network; 5 GB in an environment of its own'
	@echo 'make gpu-check   engines on an NVIDIA GPU: build, compare with eager, time [GPU_PYTHON=python]'
	@echo 'make clean   remove what was built; "rm -r $(VENV)" removes the environment'

# Each step leaves its stamp when it is done, so an interrupted setup continues where it stopped.
$(prefix)/.python:
	@if [ -n "$$ROS_DISTRO" ]; then \
	  echo 'ROS $(ROS_DISTRO) is sourced in this shell: build with colcon (docs/getting-started/install.md), or, for an environment' >&2; \
	  echo 'of its own, use a shell without it: env -i HOME="$$HOME" PATH=/usr/bin:/bin make build' >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo '$(PYTHON) is missing or older than 3.10; name a newer one: make build PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'Python cannot make virtual environments: sudo apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' \
	  && command -v c++ >/dev/null || { \
	  echo 'The messages need a compiler and Python.h: sudo apt install build-essential python3-dev' >&2; exit 1; }
	@echo 'Creating $(VENV)'
	@$(PYTHON) -m venv $(prefix)
	@touch $@

$(prefix)/.tools: $(prefix)/.python constraints.txt requirements/$(ROS).txt requirements/build.txt requirements/no-deps.txt
	@echo 'Installing the build tools and the sentence encoder (100 MB)'
	@$(pip) --requirement requirements/build.txt --requirement requirements/$(ROS).txt $(briefly)
	@$(pip) --no-deps --requirement requirements/no-deps.txt $(briefly)
	@touch $@

everything := '.[ros,detection,test]'
manifests := $(prefix)/.tools pyproject.toml
$(prefix)/.built: $(manifests) $(sources)
	@echo 'Installing textfuse$(if $(filter $(manifests),$?), and all that it needs: minutes the first time)'
	@$(pip) --no-build-isolation --config-settings build-dir=build/$(ROS) $(if $(filter $(manifests),$?),$(everything),--no-deps .) $(briefly)
	@touch $@

# Only tests need it: a demo starts sooner without.
$(prefix)/.fleet: $(prefix)/.built requirements/fleet.txt
	@echo 'Installing what `textfuse fleet` needs (200 MB)'
	@$(pip) --requirement requirements/fleet.txt $(briefly)
	@touch $@

$(prefix)/.campaign: $(prefix)/.fleet requirements/campaign.txt
	@echo 'Installing what the campaign needs (50 MB)'
	@$(pip) --requirement requirements/campaign.txt $(briefly)
	@touch $@

build: $(prefix)/.built

demo: build
	@textfuse demo $(if $(VISIBLE),--visible '$(VISIBLE)') $(if $(THERMAL),--thermal '$(THERMAL)') \
	  $(if $(BAG),--bag '$(BAG)') $(if $(SECONDS),--seconds '$(SECONDS)') $(if $(OUT),--out '$(OUT)')

lint: build
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy --num-workers 2

# Two at a time, a file each; of those end to end, which wait more than they compute, three. Many keep to real time: what
# fails beside another is tried once more, by itself; not after a crash (exit code 3), which leaves tests that never ran.
# xdist would wait forever for them if it started a new worker.
pytest = $(python) -m pytest -n $(or $(1),2) --dist loadfile --max-worker-restart 0
again = { [ $$? = 1 ] && $(python) -m pytest --last-failed --last-failed-no-failures none $(1); }

check: lint $(prefix)/.fleet
	$(pytest) -m 'not campaign' --ignore tests/end_to_end --ignore tests/training --ignore tests/benchmarks

test: lint $(prefix)/.fleet
	$(pytest) -m 'not campaign' --ignore tests/end_to_end || $(call again,--ignore tests/end_to_end)
	$(call pytest,3) --no-loadscope-reorder -m 'not campaign' tests/end_to_end || $(call again,tests/end_to_end)

campaign: build $(prefix)/.campaign
	$(pytest) -m campaign tests/end_to_end tests/fleet tests/prompts || $(call again,tests/end_to_end tests/fleet tests/prompts)

soak: build
	$(python) benchmarks/soak.py $(if $(MINUTES),--minutes '$(MINUTES)') --json benchmarks/results/soak.json \
	  --image docs/images/soak.png

# Without the user's pip configuration: a local index may put a CPU build in place of torch's CUDA build.
tensorrt := $(prefix)-tensorrt
$(tensorrt)/.built: requirements/tensorrt.txt
	@echo 'Creating $(tensorrt): CUDA builds of torch and Torch-TensorRT, 5 GB'
	@$(PYTHON) -m venv $(tensorrt)
	@env -u PIP_FIND_LINKS -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null $(tensorrt)/bin/python -m pip install \
	  --disable-pip-version-check --progress-bar off --requirement requirements/tensorrt.txt $(briefly)
	@touch $@

tensorrt-dryrun: $(tensorrt)/.built
	@$(tensorrt)/bin/python -m tools.tensorrt_dryrun

# The first Python whose torch sees the GPU, with what is installed there: a Jetson's own, a container's, or ours.
pythons := $(GPU_PYTHON) $(python) python3 /usr/bin/python3 $(wildcard /opt/*/bin/python3)
gpu-check:
	@for python in $(pythons); do \
	  if $$python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then \
	    exec $$python -m tools.gpu_check --out out/gpu-check; fi; done; \
	  echo 'No Python with a torch that sees an NVIDIA GPU: name one by GPU_PYTHON=' >&2; exit 1

clean:
	rm -rf build install log dist *.egg-info
