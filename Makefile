# Every target makes .venv by itself; Python 3.11 or newer, pip and make are all it takes.
# ARGS goes to the program that is run: make demo ARGS=--serve, make test ARGS="tests/unit -x".

PYTHON_IN_VENV = .venv/bin/python
ARGS =

# What talks to itself on loopback must not go through a proxy.
export NO_PROXY := 127.0.0.1,localhost,::1,$(NO_PROXY)
export no_proxy := $(NO_PROXY)
# Images set it; the tests start hundreds of processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo serve test slow lint interop bench sound chaos fuzz package image stand docs lock clean

help:
	@echo "make demo    send voice notes on an emulated network and watch them arrive"
	@echo "make serve   run the gateway"
	@echo "make test    lint and all tests"
	@echo "make slow    the few tests that take longer than the rest together"
	@echo "make lint    style and types alone"
	@echo "make interop let Baileys and a second whatsmeow judge what we send, and write to us"
	@echo "make bench   measure; ARGS=--short: only show that every part runs"
	@echo "make sound   judge voice notes by two decoders, ViSQOL and a loudness meter"
	@echo "make chaos   kill the gateway and its engines under load, and do worse to three nodes, 220 times"
	@echo "make fuzz    look for input that breaks a promise, ten minutes for each; SECONDS=10: a little"
	@echo "make package build wheel and sdist, and run the demo of each where nothing else is installed"
	@echo "make image   build the container image with Debian's buildah and try it (Linux, root)"
	@echo "make stand   start what deploy/ has in a virtual machine: systemd, Compose (Linux, root, KVM)"
	@echo "make docs    build the documentation as a site, and check its links"
	@echo "make lock    renew requirements.lock and the locks beside it"
	@echo "make clean   remove .venv and everything else that was made"

demo:
	@scripts/bootstrap run
	@$(PYTHON_IN_VENV) -m waypost demo $(ARGS)

serve:
	@scripts/bootstrap run
	@$(PYTHON_IN_VENV) -m waypost serve $(ARGS)

# WORKERS=0: one test after the other.
test: WORKERS = auto
test: lint
	$(PYTHON_IN_VENV) -m pytest -m "not slow" -n $(WORKERS) --dist loadfile $(ARGS)

slow:
	@scripts/bootstrap dev
	$(PYTHON_IN_VENV) -m pytest -m slow $(ARGS)

lint:
	@scripts/bootstrap dev
	$(PYTHON_IN_VENV) -m ruff check --quiet
	$(PYTHON_IN_VENV) -m ruff format --check --quiet
	$(PYTHON_IN_VENV) -m mypy

# RECORD=1 writes down what is new on the wire; BAILEYS=7.0.0-rc14 or NEONIZE=0.5.2 pins that version first.
interop:
	@scripts/bootstrap dev
	@[ -z "$(NEONIZE)" ] || $(PYTHON_IN_VENV) -m scripts.upgrade "$(NEONIZE)"
	@scripts/bootstrap dev
	@scripts/node $(BAILEYS)
	INTEROP_RECORD=$(RECORD) $(PYTHON_IN_VENV) -m pytest tests/interop $(ARGS)

# ARGS="accept depth" runs parts, ARGS=--write keeps the figures in docs/benchmarks.md. See there.
bench:
	@scripts/bootstrap dev
	@$(PYTHON_IN_VENV) -m bench $(ARGS)

# ARGS=--write keeps the table in docs/sound.md.
sound:
	@scripts/bootstrap dev
	@$(PYTHON_IN_VENV) -m bench.sound $(ARGS)

# ROUNDS kill one gateway or its engine, FAULTS strike three nodes that hold INSTANCES.
chaos: ROUNDS = 20
chaos: FAULTS = 200
chaos: INSTANCES = 30
chaos:
	@scripts/bootstrap dev
	WAYPOST_CHAOS_ROUNDS=$(ROUNDS) WAYPOST_CHAOS_FAULTS=$(FAULTS) WAYPOST_CHAOS_INSTANCES=$(INSTANCES) \
		$(PYTHON_IN_VENV) -m pytest tests/chaos -s --timeout 7200 $(ARGS)

# SECONDS is for each target, of which as many run at once as there are cores; FUZZ names some of them.
fuzz: SECONDS = 600
fuzz: export FUZZ_SECONDS = $(SECONDS)
fuzz:
	@scripts/bootstrap dev
	@scripts/atheris
	@$(PYTHON_IN_VENV) -m fuzz $(SECONDS) $(FUZZ)
	$(PYTHON_IN_VENV) -m pytest -m process tests/fuzz --timeout 3600 -s $(ARGS)
	$(PYTHON_IN_VENV) -m pytest -m hypothesis --hypothesis-profile fuzz --timeout 1800 $(ARGS)
	$(PYTHON_IN_VENV) -m pytest tests/network/test_any_call.py --timeout 1800 -s $(ARGS)

# Leaves dist/. ARGS=--short: the wheel alone, with the versions of requirements.lock.
package:
	@scripts/bootstrap dev
	$(PYTHON_IN_VENV) -m scripts.package $(ARGS)

image:
	@scripts/image

# ARGS=service, one-node or three-nodes: that part alone; ARGS=--tcg: without KVM.
stand:
	@scripts/bootstrap dev
	$(PYTHON_IN_VENV) -m scripts.stand $(ARGS)

# Leaves site/. ARGS=--external: links that lead elsewhere too.
docs:
	@scripts/bootstrap dev
	$(PYTHON_IN_VENV) -m scripts.site $(ARGS)

lock:
	@scripts/bootstrap dev
	scripts/lock

clean:
	rm -rf .venv .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .test-data .interop .stand demo-out build dist site .docs
	find src tests bench fuzz scripts -name __pycache__ -type d -prune -exec rm -rf {} +
