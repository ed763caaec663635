"""Ridge against scikit-learn; nested choice looks at no row that it is scored on."""

import numpy as np
import pytest
from sklearn import linear_model, model_selection, pipeline, preprocessing

from affectjax.evals import ridge


def _drawn(n=60, f=80):
    g = np.random.default_rng(0)
    x = g.normal(2, 3, (n, f))
    y = x[:, :2] @ g.normal(size=(2, 2)) + g.normal(size=(n, 2)) + 5
    return x, y, np.repeat(np.arange(5), n // 5)


def test_weights_and_bias_are_scikit_learns():
    x, y, _ = _drawn()
    weights, bias = ridge.fit(x, y, 3.0)
    theirs = linear_model.Ridge(alpha=3.0).fit(x, y)
    np.testing.assert_allclose(weights.T, theirs.coef_, atol=1e-8)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-8)


def test_nested_predictions_are_scikit_learns_grid_search_in_each_training_set():
    x, y, fold = _drawn()
    said, chosen = ridge.nested(x, y, fold)
    for i in range(5):
        inner = model_selection.PredefinedSplit(fold[fold != i])
        scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge())
        search = model_selection.GridSearchCV(
            scaled, {"ridge__alpha": ridge.STRENGTHS}, cv=inner, scoring="neg_mean_squared_error"
        )
        search.fit(x[fold != i], y[fold != i, 0])
        assert search.best_params_["ridge__alpha"] == chosen[i][0]
        np.testing.assert_allclose(said[fold == i, 0], search.predict(x[fold == i]), atol=1e-8)


def test_a_test_folds_own_targets_change_nothing_of_what_it_is_told():
    x, y, fold = _drawn()
    other = np.where((fold == 2)[:, None], 1e3, y)
    np.testing.assert_array_equal(
        ridge.nested(x, y, fold)[0][fold == 2], ridge.nested(x, other, fold)[0][fold == 2]
    )
    with pytest.raises(ValueError, match="2 folds"):
        ridge.nested(x, y, fold % 2)
