"""Datasets from the command line: `python -m affectjax.data COMMAND [NAME] ...`.

list      names of the datasets, with the first sentence of each card.
describe  access, licence, protocol, configs and stored keys of one; reads no data.
build     read the official files once and store them; writes report.json beside the data.
verify    hold every stored item to the schema (affectjax/data/schema.py).
audit     subjects in two splits, copies between splits, disagreement of raters, balance.
preview   a picture of the first items of each split.
statistics  a picture of categories, VAD, agreement of raters and durations.
agreement what maps between its label spaces lose (docs/agreement.md).
"""

import argparse
import json
import os
import pathlib
import re
import sys
from collections.abc import Sequence
from typing import Any

from affectjax import config as config_lib
from affectjax.data import source

BUILDERS = pathlib.Path(__file__).resolve().parents[2] / "tfds_builders"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0, or 1 where verify or audit found a fault, 2 where it cannot run."""
    args = _parser().parse_args(argv)
    try:
        return {
            "list": _list,
            "describe": _describe,
            "build": _build,
            "verify": _verify,
            "audit": _audit,
            "preview": _preview,
            "statistics": _statistics,
            "agreement": _agreement,
        }[args.command](args)
    except (ValueError, FileNotFoundError, TypeError) as error:
        print(f"{args.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m affectjax.data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("describe").add_argument("name", help="a dataset that list names")
    for command in ("build", "verify", "audit", "preview", "statistics", "agreement"):
        sub = commands.add_parser(command)
        sub.add_argument("name", help="a dataset that list names, such as oasis")
        sub.add_argument("--config", default="", help="its config; its first one by default")
        sub.add_argument(
            "--manual-dir",
            default="",
            help=f"folder of the official files; ${source.RAW}/<name> by default",
        )
        sub.add_argument("--data-dir", default="", help="where the stored data is kept")
        sub.add_argument(
            "--allow-damaged",
            default="",
            help="items to leave out, with commas between them, or @FILE with one a line",
        )
        sub.add_argument(
            "--beam",
            type=int,
            default=0,
            metavar="N",
            help="build by Apache Beam in N processes (large sets; the extra beam)",
        )
        sub.add_argument(
            "--detector",
            default="",
            metavar="MODULE:FUNCTION",
            help="finds faces: RGB picture -> boxes (left, top, width, height); MTCNN by default",
        )
        if command in ("audit", "preview", "statistics", "agreement"):
            sub.add_argument(
                "--split",
                action="append",
                default=[],
                metavar="NAME=EXPRESSION",
                help="what to compare, such as train=fold1+fold2; all splits by default",
            )
            sub.add_argument("--output", default="", help="file to write, .json or .png")
    return parser


def names() -> list[str]:
    """Names of the datasets there is a builder of."""
    return sorted(p.parent.name for p in BUILDERS.glob("*/*_dataset_builder.py"))


def _list(args: argparse.Namespace) -> int:
    del args
    for name in names():
        card = (BUILDERS / name / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"\s+", " ", card.split("\n\n")[1])
        print(f"{name:<22} {text.split('. ')[0]}")
    return 0


def _describe(args: argparse.Namespace) -> int:
    from affectjax.data import describe

    _check(args.name)
    module = _module(args.name)
    first = source.open_builder(module)
    found = {"": first}
    if first.BUILDER_CONFIGS:
        configs = [config.name for config in first.BUILDER_CONFIGS]
        found = {name: source.open_builder(module, name) for name in configs}
    print("\n".join(describe.lines(BUILDERS / args.name / "README.md", found)))
    return 0


def _module(name: str) -> str:
    return f"tfds_builders.{name}.{name}_dataset_builder"


def _check(name: str) -> None:
    if name not in names():
        raise ValueError(f"no dataset {name!r}; there are {', '.join(names())}")


def _build(args: argparse.Namespace) -> int:
    from affectjax.data import audit

    builder, splits = _opened(args)
    report = pathlib.Path(builder.data_path) / "report.json"
    kept = pathlib.Path(builder.data_path) / "left_out.json"
    told = {
        "dataset": builder.info.full_name,
        "left_out": json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {},
        "files": audit.files(pathlib.Path(builder.data_path)),
        "content": {name: audit.content(examples) for name, examples in splits.items()},
        "splits": audit.summary(splits, dict(builder.info.metadata)),
    }
    report.write_text(json.dumps(told, indent=1), encoding="utf-8")
    for what, why in told["left_out"].items():
        print(f"left out: {what}: {why}")
    for split, counts in told["splits"].items():
        print(f"{split}: " + ", ".join(f"{k} {v}" for k, v in counts.items()))
    print(f"stored in {builder.data_path}")
    return 0


def _left_out(args: argparse.Namespace) -> list[str]:
    """The names of --allow-damaged, from the command line or its file."""
    told = args.allow_damaged
    if told.startswith("@"):
        lines = pathlib.Path(told[1:]).read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line]
    return [name for name in told.split(",") if name]


def _verify(args: argparse.Namespace) -> int:
    from affectjax.data import schema

    builder, splits = _opened(args)
    said = dict(builder.info.metadata)
    faults = []
    for split, examples in splits.items():
        for example in examples:
            try:
                schema.check(example, said)
            except ValueError as error:
                faults.append(f"{split}: {error}")
    try:
        schema.check_ids(splits)
    except ValueError as error:
        faults.append(str(error))
    print("\n".join(faults[:50]))
    count = sum(map(len, splits.values()))
    print(f"{count} items of {builder.info.full_name}, {len(faults)} break the schema")
    return int(bool(faults))


def _audit(args: argparse.Namespace) -> int:
    from affectjax.data import audit

    builder, splits = _opened(args)
    told = audit.audit(splits, dict(builder.info.metadata))
    print("\n".join(audit.lines(told)))
    if args.output:
        pathlib.Path(args.output).write_text(json.dumps(told, indent=1), encoding="utf-8")
    return int(bool(told["shared_subjects"] or told["copies_between_splits"]))


def _preview(args: argparse.Namespace) -> int:
    from affectjax.data import preview

    builder, splits = _opened(args)
    path = pathlib.Path(args.output or f"{args.name}.png")
    preview.draw(splits, dict(builder.info.metadata), path)
    print(f"drew {path}")
    return 0


def _statistics(args: argparse.Namespace) -> int:
    import itertools

    from affectjax.data import statistics

    builder, splits = _opened(args)
    told = statistics.gather(
        itertools.chain.from_iterable(splits.values()), dict(builder.info.metadata)
    )
    path = pathlib.Path(args.output or f"{args.name}_statistics.png")
    count = sum(map(len, splits.values()))
    name = args.name + (f", {args.config}" if args.config else "")
    statistics.draw(told, f"{name}: {count:,} items", path)
    print(f"drew {path}")
    return 0


def _agreement(args: argparse.Namespace) -> int:
    import itertools

    from affectjax.data import agreement

    builder, splits = _opened(args)
    told = agreement.measure(
        itertools.chain.from_iterable(splits.values()), dict(builder.info.metadata)
    )
    print("\n".join(agreement.lines(told)))
    if args.output:
        pathlib.Path(args.output).write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def _opened(args: argparse.Namespace) -> tuple[Any, dict[str, Sequence[dict[str, Any]]]]:
    """The builder, its data stored, and the examples of the wanted splits."""
    _check(args.name)
    manual = args.manual_dir
    if not manual and source.RAW in os.environ:
        manual = source.raw_folder(args.name, "")
    if manual and not pathlib.Path(manual).is_dir():
        raise FileNotFoundError(
            f"no folder {manual}: name the official files with --manual-dir, or put them into "
            f"${source.RAW}/{args.name}"
        )
    options: dict[str, Any] = {}
    if left_out := _left_out(args):
        options["allow_damaged"] = tuple(left_out)
    if args.beam:
        options["beam"] = args.beam
    if args.detector:
        options["detect"] = config_lib.resolve(args.detector, "--detector")
    builder = source.open_builder(_module(args.name), args.config, manual, args.data_dir, **options)
    source.prepare(builder)
    wanted = dict(pair.split("=", 1) for pair in getattr(args, "split", [])) or {
        name: name for name in builder.info.splits
    }
    return builder, {name: source.split(builder, expr) for name, expr in wanted.items()}


if __name__ == "__main__":
    sys.exit(main())
