"""Losses of the student: by hand, at their least, and who gets a gradient."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special, stats

from affectjax.losses import prototypes

G = np.random.default_rng(0)


towards = jax.jit(prototypes.towards)
distillation = jax.jit(prototypes.distillation, static_argnums=2)
geometry = jax.jit(prototypes.geometry, static_argnums=(2, 3))


def _draw(*shape):
    return jnp.asarray(G.standard_normal(shape), jnp.float32)


def test_cells_cover_the_plane_and_a_face_belongs_to_the_near_ones():
    centres = prototypes.cells()
    assert centres.shape == (25, 2)
    np.testing.assert_allclose(np.unique(centres), [-0.8, -0.4, 0, 0.4, 0.8], atol=1e-6)
    point = np.array([[0.5, 0.1]])
    q = np.exp(-((point - centres) ** 2).sum(1) / (2 * 0.09))
    np.testing.assert_allclose(prototypes.nearness(point, centres)[0], q / q.sum(), rtol=1e-4)


def test_towards_is_scipys_divergence_at_its_temperature_and_prototypes_stay():
    x, rows, q = _draw(5, 4), _draw(9, 4), jnp.asarray(G.dirichlet(np.ones(9), 5), jnp.float32)
    unit = lambda a: a / np.linalg.norm(a, axis=1, keepdims=True)  # noqa: E731
    p = special.softmax(unit(np.asarray(x)) @ unit(np.asarray(rows)).T / 0.9, axis=1)
    expected = stats.entropy(np.asarray(q), p, axis=1).mean()
    np.testing.assert_allclose(towards(x, rows, q), expected, rtol=1e-4)
    moved, fixed = jax.jit(jax.grad(towards, argnums=(0, 1)))(x, rows, q)
    assert (moved != 0).any()
    assert (fixed == 0).all()
    assert abs(float(towards(x, rows, jnp.asarray(p)))) < 1e-5


def test_distillation_scales_by_the_square_of_its_temperature():
    logits, teacher = _draw(6, 8), _draw(6, 8)
    q, p = (special.softmax(np.asarray(z) / 5, axis=1) for z in (teacher, logits))
    expected = 25 * stats.entropy(q, p, axis=1).mean()
    np.testing.assert_allclose(distillation(logits, teacher), expected, rtol=1e-4)
    hot = jax.grad(lambda z: distillation(z, teacher, 1e3))(logits)
    warm = jax.grad(lambda z: distillation(z, teacher, 1e2))(logits)
    np.testing.assert_allclose(hot, warm, rtol=0.05, atol=1e-4)
    assert (jax.grad(distillation, argnums=1)(logits, teacher) == 0).all()
    assert abs(float(distillation(teacher, teacher))) < 1e-5


def test_the_geometry_costs_nothing_where_classes_are_tight_and_apart():
    emotion = jnp.array([0, 0, 1, 1, 2, 2])
    apart = jnp.eye(3)[emotion] + 1e-3 * _draw(6, 3)
    tight = geometry(apart.at[4].set(jnp.array([0.5, 0.5, 0.5])), emotion, 3, (0, 1))
    assert float(tight) < 1e-5
    grads = jax.jit(jax.grad(prototypes.geometry), static_argnums=(2, 3))(apart, emotion, 3, (0, 1))
    assert jnp.isfinite(grads).all()
    near = jnp.eye(3)[0] + 0.05 * _draw(6, 3)
    assert geometry(near, emotion, 3, (0,)) > 0.05
    wide = apart.at[0].set(jnp.array([0.7, 0.7, 0.0]))
    assert geometry(wide, emotion, 3, (0,)) > 0.05
    assert float(geometry(apart, jnp.arange(6), 6, (0,))) == 0, "one face, no spread"


def test_the_ramp_at_four_epochs_and_its_gate():
    found = [float(prototypes.ramp(epoch, 20, 60)) for epoch in (0, 20, 31, 32, 40, 60, 80)]
    np.testing.assert_allclose(found, [0, 0, 0, 0.2061, 0.5, 1, 1], atol=1e-4)
