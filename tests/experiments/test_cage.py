"""CAGE's combined training learns what each of its ablations leaves at chance."""

import jax
import jax.numpy as jnp

from affectjax.models import maxvit
from experiments.cage import learns


def test_combined_training_learns_both_where_each_ablation_learns_one():
    size = maxvit.Size(8, (), (), head=8)  # stem and head alone: blocks take 10 s to compile
    learn, new = learns.learner(learns.faces(0, learns.FACES), size), learns.faces(1, 512)
    key = jax.random.key(0)
    told = {k: learns.told(learn(jnp.array(w), key), new, size) for k, w in learns.STAGES.items()}
    assert told["combined"]["uar"] > 0.25 + 0.35  # chance is 0.25
    assert told["combined"]["uar"] > told["va"]["uar"] + 0.3
    assert told["combined"]["ccc"] > max(told["discrete"]["ccc"], 0) + 0.5
