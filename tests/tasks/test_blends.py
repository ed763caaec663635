"""Learning mixtures of emotions that points of VAD tell, against learning one category."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax.affect import blends, norms, prior
from affectjax.affect.labels import EKMAN7
from affectjax.metrics import distribution
from affectjax.tasks import classify
from affectjax.train import state, step

K = len(EKMAN7)
PAIRS = [(EKMAN7.index(a), EKMAN7.index(b)) for a, b in blends.CONFLICTS]


class Mlp(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        del deterministic
        return {"logits": nn.Dense(K)(nn.relu(nn.Dense(32)(x)))}


def _people(seed, size):
    """`signal` is a noisy view of a point; who annotated it named one of its emotions."""
    g = np.random.default_rng(seed)
    means, sds = norms.of_space(EKMAN7)
    felt = g.integers(0, K, size)
    vad = np.clip(g.normal(means[felt], sds[felt]), -1, 1)
    shares = prior.posterior(vad, EKMAN7)
    named = (shares.cumsum(1) > g.random((size, 1))).argmax(1)
    view = np.concatenate([vad, vad**2], 1) @ np.random.default_rng(7).normal(0, 1, (6, 12))
    return {
        "signal": jnp.asarray(view + g.normal(0, 0.05, view.shape), jnp.float32)[:, None],
        "emotion": jnp.asarray(named, jnp.int32),
        "distribution": jnp.asarray(shares, jnp.float32),
    }


@pytest.fixture(scope="module")
def learnt():
    people, unseen, tx = _people(0, 128), _people(1, 512), optax.adam(0.02)

    def learn(**fields):
        inputs = lambda batch, key=None: (batch["signal"][:, 0],)  # noqa: E731
        task = classify.Classify(Mlp(), inputs, K, **fields)
        one = step.train_step(task, tx, seed=0)
        params = Mlp().init(jax.random.key(0), people["signal"][:, 0], True)["params"]
        run = jax.jit(
            lambda s: jax.lax.scan(lambda s, _: (one(s, people)[0], None), s, None, 200)[0].params
        )
        return np.asarray(
            task.predict({"params": run(state.create(params, tx))}, unseen)["probabilities"]
        )

    shared = {"target": "distribution"}
    return np.asarray(unseen["distribution"]), {
        "one": learn(),
        "blend": learn(**shared),
        "apart": learn(**shared, conflicts=PAIRS, conflict_weight=2.0),
        "focal": learn(**shared, criterion="focal"),
    }


def test_mixtures_are_learnt_where_one_category_a_face_is_not_enough(learnt):
    """On unseen points, in nats; telling the even share gives about 1.2."""
    q, said = learnt
    found = {k: distribution.kl(q, p).mean() for k, p in said.items()}
    even = distribution.kl(q, np.full_like(q, 1 / K)).mean()
    assert even > 1.0
    assert found["blend"] < 0.1
    assert found["one"] > 3 * found["blend"], "the one name that was drawn teaches less"
    brier = {k: distribution.brier(q, p).mean() for k, p in said.items()}
    assert brier["blend"] < brier["one"] / 3
    assert distribution.ndcg(q, said["focal"]).mean() > 0.9


def test_the_penalty_parts_what_contradicts_itself_and_costs_little(learnt):
    q, said = learnt
    left, right = zip(*PAIRS, strict=True)
    joint = {k: (p[:, left] * p[:, right]).sum(1).mean() for k, p in said.items()}
    assert joint["apart"] < 0.9 * joint["blend"]
    kl = {k: distribution.kl(q, p).mean() for k, p in said.items()}
    assert kl["apart"] < kl["blend"] + 0.05


def test_settings_that_do_not_go_together():
    given = {"model": Mlp(), "inputs": None, "classes": K}
    with pytest.raises(ValueError, match="criterion = 'bce'; allowed: cross_entropy, focal"):
        classify.Classify(**given, criterion="bce")
    with pytest.raises(ValueError, match="conflicts go without datasets"):
        classify.Classify(**given, conflicts=PAIRS, datasets=("a", "b"))
