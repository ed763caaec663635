"""An exported model behind the Open Inference Protocol v2: docs/serving.md.

`python -m serving` needs requirements/serve.txt alone, an environment of its own: TensorFlow and
KServe's Python server, neither JAX nor affectjax. `serving.load` tests it under load and attack.
"""
