"""The tests. `check` is what jaxtyping's hook puts around the annotations of affectjax in them."""

from beartype import BeartypeConf, beartype

# PEP 484's tower: an int is good where a float is asked for.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
