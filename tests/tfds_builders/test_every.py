"""Every builder that globbing finds: schema, dummies of all its configs, a missing folder."""

import pytest

from affectjax.data import schema, source
from tests.conftest import REPO
from tests.tfds_builders import opened

NAMES = sorted(p.parent.name for p in (REPO / "tfds_builders").glob("*/*_dataset_builder.py"))
NAMES.remove("affect_synth")  # made, not read from files; its own test checks it
pytestmark = pytest.mark.xdist_group("tf")


@pytest.mark.parametrize("name", NAMES)
def test_the_default_config_is_built_read_back_and_keeps_the_schema(name, tmp_path):
    raw = opened.dummy(name, tmp_path / "raw")
    builder = source.prepare(opened.builder(name, raw, tmp_path))
    said = dict(builder.info.metadata)
    splits = {s: list(source.split(builder, s)) for s in builder.info.splits}
    for example in (example for examples in splits.values() for example in examples):
        schema.check(example, said)
    schema.check_ids(splits)
    assert (builder.data_path / "metadata.json").exists()
    assert not list(builder.data_path.parent.glob("*incomplete*"))


@pytest.mark.parametrize("name", NAMES)
def test_every_config_keeps_the_schema(name, tmp_path):
    raw = opened.dummy(name, tmp_path / "raw")
    for i, config in enumerate(opened.module(name).Builder.BUILDER_CONFIGS or [None]):
        builder = opened.builder(name, raw, tmp_path, config.name if config else "")
        sensitive = getattr(config, "demographics", False)
        assert sensitive == (config is not None and "demographics" in config.name)
        said = dict(builder.info.metadata)
        schema.check_features(builder.info.features, said, sensitive)
        if i == 0:
            continue  # the default's examples are checked as they are read back, above
        splits = opened.examples(builder)
        for example in (example for examples in splits.values() for example in examples):
            assert example.keys() == builder.info.features.keys()
            schema.check(example, said)
        schema.check_ids(splits)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_folder_is_one_clear_error_and_leaves_nothing(name, tmp_path):
    builder = opened.module(name).Builder(
        data_dir=str(tmp_path / "tfds"), manual_dir=str(tmp_path / "none")
    )
    with pytest.raises(FileNotFoundError, match="none"):
        builder.download_and_prepare(file_format="array_record")
    left = [p.name for p in (tmp_path / "tfds").rglob("*") if ".config" not in p.parts]
    assert not [entry for entry in left if "incomplete" in entry or "record" in entry]
    assert not builder.data_path.exists()
    assert builder.MANUAL_DOWNLOAD_INSTRUCTIONS
