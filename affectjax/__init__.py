"""affectjax: one JAX codebase for affective computing."""
