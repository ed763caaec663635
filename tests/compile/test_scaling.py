"""The weak-scaling script on fake devices: replicated training sends what it must and no more."""

import pytest

from benchmarks import levers, scaling


@pytest.fixture(scope="module")
def points():
    return [scaling.point("vit", "replicated", f"cpu:{n}", test=True) for n in (2, 8)]


def test_bytes_sent_are_the_lower_bound(points):
    for point in points:
        assert point["wire"] == pytest.approx(point["least_wire"], rel=0.05)


def test_work_per_chip_is_flat(points):
    few, many = points
    assert many["flops"] == few["flops"]
    assert many["flops_xla"] == pytest.approx(few["flops_xla"], rel=0.03)


def test_the_table_and_the_plot_show_every_point(points, tmp_path):
    text = scaling.table(points)
    assert text.count("ViT-L/14 fine-tuning") == 2
    scaling.plot(points, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 5000


def _bound(scheme, topology):
    wanted = scaling.chips.parse(topology)
    return scaling.least(scaling.config("vit", scheme, wanted, True), wanted, True, "vit")


def test_splitting_by_fsdp_must_send_half_again_as_much():
    bounds = {scheme: _bound(scheme, "cpu:8") for scheme in ("replicated", "fsdp")}
    assert 1.4 < bounds["fsdp"] / bounds["replicated"] < 1.5


def test_copies_of_parts_add_an_all_reduce_of_a_part():
    whole = _bound("replicated", "cpu:8") * 8 / (2 * 7)  # G
    split = whole * (3 * 7 / 8 + 2 * 7 / 8 / 8)  # 64 chips: 8 parts, 8 copies of each
    assert _bound("fsdp", "v5e:8x8") == pytest.approx(split, rel=0.06), "but for what stays whole"


def test_global_negatives_add_the_features_of_all_clips_there_and_back():
    wanted = scaling.chips.parse("cpu:8")
    one = scaling.config("hicmae", "replicated", wanted, True)
    clips, depths = 8 * scaling.PER_CHIP["hicmae"], len(one.task.model.layers)
    assert scaling.negatives(one, 8, "hicmae") == 2 * (7 / 8) * depths * clips * 16 * 4
    assert scaling.negatives(one, 8, "vit") == 0


def test_levers_keep_less_and_work_again():
    base, again = (levers.point(lever, "cpu:2", test=True) for lever in (levers.BASE, "remat=full"))
    assert again["memory"]["kept for backward"] < base["memory"]["kept for backward"] / 4
    assert again["flops"] > 1.2 * base["flops"]
    rows = levers.table([base, again]).splitlines()
    assert [row.count("|") for row in rows] == [14] * 4
