"""Collectives out of HLO text: kinds, groups, loops; expected bytes by hand."""

import pytest

from affectjax.compile import collectives

TEXT = """
HloModule jit_step, num_partitions=8

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(%a, %b)
}

%body (carry: (s32[], f32[4,128])) -> (s32[], f32[4,128]) {
  %carry = (s32[], f32[4,128]{1,0}) parameter(0)
  %x = f32[4,128]{1,0} get-tuple-element(%carry), index=1
  %ag = f32[16,128]{1,0:T(8,128)} all-gather(%x), replica_groups=[2,4]<=[8], dimensions={0}
  ROOT %out = (s32[], f32[4,128]{1,0}) tuple(%i, %y)
}

%condition (carry: (s32[], f32[4,128])) -> pred[] {
  %carry = (s32[], f32[4,128]{1,0}) parameter(0)
  ROOT %less = pred[] compare(%i, %n), direction=LT
}

%all-reduce-scatter.1 (p: bf16[64]) -> bf16[8] {
  %p = bf16[64]{0} parameter(0)
  %ar = bf16[64]{0} all-reduce(%p), replica_groups={{0,1,2,3,4,5,6,7}}, to_apply=%add
  ROOT %slice = bf16[8]{0} dynamic-slice(%ar, %at), dynamic_slice_sizes={8}
}

ENTRY %main (p0: f32[4,128]) -> f32[4,128] {
  %p0 = f32[4,128]{1,0} parameter(0)
  %grads = (f32[100]{0}, f32[4,5]{1,0}) all-reduce(%g, %h), replica_groups={}, to_apply=%add
  %scattered = bf16[8]{0} fusion(%q), kind=kCustom, calls=%all-reduce-scatter.1
  %rs = f32[2]{0} reduce-scatter(%r), replica_groups={{0,1,2,3},{4,5,6,7}}, to_apply=%add
  %start = (f32[10]{0}, f32[80]{0}) all-gather-start(%s), replica_groups=[1,8]<=[8]
  %done = f32[80]{0} all-gather-done(%start)
  %named = f32[50]{0} all-reduce(%u), replica_groups=mesh['x'=4,'y'=2] {'y'}, to_apply=%add
  %turned = f32[50]{0} all-gather(%w), replica_groups=mesh['x'=4,'y'=2], device_ids=([2,4]T(1,0)) {'y'}
  %sent = (f32[9]{0}, f32[9]{0}, u32[], u32[]) collective-permute-start(%v), channel_id=5
  %alone = f32[100]{0} all-reduce(%t), replica_groups=[8,1]<=[8], to_apply=%add
  %loop = (s32[], f32[4,128]{1,0}) while(%init), condition=%condition, body=%body,
    backend_config={"known_trip_count":{"n":"10"}}
  ROOT %y = f32[4,128]{1,0} get-tuple-element(%loop), index=1
}
"""  # noqa: E501


@pytest.fixture(scope="module")
def found():
    text = TEXT.replace("body=%body,\n    backend", "body=%body, backend")
    return {(c.kind, c.group): c for c in collectives.collectives(text, 8)}


@pytest.mark.parametrize(
    ("kind", "group", "count", "payload", "wire"),
    [
        ("all-reduce", 8, 1, 480, 2 * 7 / 8 * 480),
        ("all-gather", 4, 10, 10 * 16 * 128 * 4, 3 / 4 * 10 * 16 * 128 * 4),
        ("all-gather", 8, 1, 320, 7 / 8 * 320),
        ("all-reduce", 2, 1, 200, 200),
        ("all-gather", 2, 1, 200, 100),
        ("collective-permute", 8, 1, 36, 36),
        ("reduce-scatter", 4, 1, 32, 3 / 4 * 32),
        ("reduce-scatter", 8, 1, 128, 7 / 8 * 128),
    ],
)
def test_each_collective_is_counted_with_its_bytes(found, kind, group, count, payload, wire):
    one = found[kind, group]
    assert (one.count, one.payload, one.wire) == (count, payload, pytest.approx(wire))


def test_nothing_else_is_counted(found):
    assert len(found) == 8, "a group of one chip sends nothing"


def test_a_gather_fused_step_by_step_into_products_counts_once():
    step = """
%step.N (p: bf16[2,8]) -> bf16[16,8] {
  %p = bf16[2,8]{1,0} parameter(0)
  ROOT %ag = bf16[16,8]{1,0} all-gather(%p), channel_id=7, replica_groups={}, dimensions={0}, frontend_attributes={chain_id="0"}
}
"""  # noqa: E501
    entry = """
ENTRY %main (p: bf16[2,8]) -> bf16[16,8] {
  %p = bf16[2,8]{1,0} parameter(0)
  %one = bf16[16,8]{1,0} fusion(%p), kind=kCustom, calls=%step.1
  ROOT %two = bf16[16,8]{1,0} fusion(%p), kind=kCustom, calls=%step.2
}
"""
    text = step.replace("N", "1") + step.replace("N", "2") + entry
    for one, count in ((text, 1), (text.replace("chain_id", "id"), 2)):
        (found,) = collectives.collectives(one, 8)
        assert (found.count, found.payload) == (count, count * 256)


def test_text_that_is_no_module_is_an_error():
    with pytest.raises(ValueError, match="no ENTRY"):
        collectives.collectives("nothing", 8)


LOOP = """
%body (carry: (f32[4], u32[])) -> (f32[4], u32[]) {
  %carry = (f32[4]{0}, u32[]{:T(128)}) parameter(0)
  %at = u32[]{:T(128)} get-tuple-element(%carry), index=1
  %step = u32[]{:T(128)} constant(2), metadata={op_name="jit(step)/while"}
  %next = u32[]{:T(128)} add(%at, %step), backend_config={"flag_configs":[]}
  %x = f32[4]{0} get-tuple-element(%carry), index=0
  %sum = f32[4]{0} all-reduce(%x), replica_groups={}, to_apply=%add
  ROOT %out = (f32[4]{0}, /*index=1*/u32[]{:T(128)}) tuple(%sum, %next)
}

%condition (carry: (f32[4], u32[])) -> pred[] {
  %end = u32[]{:T(128)} constant(7)
  %carry = (f32[4]{0}, u32[]{:T(128)}) parameter(0)
  %at = u32[]{:T(128)} get-tuple-element(%carry), index=1
  ROOT %less = pred[]{:T(512)} compare(%at, %end), direction=LT, metadata={op_name="lt"}
}

ENTRY %main (p: (f32[4], u32[])) -> (f32[4], u32[]) {
  %p = (f32[4]{0}, u32[]) parameter(0)
  ROOT %loop = (f32[4]{0}, u32[]{:T(128)}) while(%p), condition=%condition, body=%body
}
"""


@pytest.mark.parametrize(
    ("old", "new", "times"),
    [
        ("", "", 4),  # 0, 2, 4, 6
        ("constant(2)", "constant(1)", 7),
        ("%next = u32[]{:T(128)} add(%at, ", "%c = u32[] copy(%at)\n  %next = u32[] add(%c, ", 4),
        ("direction=LT", "direction=NE", 1),
        ("compare(%at, %end)", "compare(%end, %at)", 1),
        ("add(%at, %step)", "multiply(%at, %step)", 1),
        ("body=%body", 'body=%body, backend_config={"known_trip_count":{"n":"9"}}', 9),
    ],
)
def test_a_loop_without_a_known_count_is_followed(old, new, times):
    text = LOOP.replace(old, new)
    (one,) = collectives.collectives(text, 8)
    assert (one.count, one.payload) == (times, times * 16)
    assert collectives.unknown_loops(text) == (times == 1)
