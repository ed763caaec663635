"""Folds for sets that publish none: whole groups, the same on every machine, about equal."""

import bisect
import collections
import hashlib
import itertools
from collections.abc import Collection, Iterable, Mapping


def of_groups(groups: Mapping[str, str], count: int) -> dict[str, int]:
    """Fold 1..count of each item; items of one group share a fold.

    The largest groups first, of equal ones in the order of the hash of their names, each goes into
    the fold that is smallest so far: the folds depend on nothing but the names.

    Args:
      groups: the group of each item.

    >>> of_groups({"dog 1": "dog", "dog 2": "dog", "cat": "cat"}, 2)
    {'dog 1': 1, 'dog 2': 1, 'cat': 2}
    """
    members: dict[str, list[str]] = {}
    for item, group in groups.items():
        members.setdefault(group, []).append(item)
    sizes = dict.fromkeys(range(1, count + 1), 0)
    fold_of = {}
    for group in sorted(members, key=lambda name: (-len(members[name]), _digest(name))):
        fold = min(sizes, key=lambda f: (sizes[f], f))
        sizes[fold] += len(members[group])
        fold_of[group] = fold
    return {item: fold_of[group] for item, group in groups.items()}


def by_share(items: Iterable[str], shares: Mapping[str, int]) -> dict[str, str]:
    """Split of each item by the hash of its name alone; `shares` are in per cent.

    An item stays in its split when others come or go.

    >>> by_share(["a", "b"], {"train": 100})
    {'a': 'train', 'b': 'train'}
    """
    names, edges = list(shares), list(itertools.accumulate(shares.values()))
    total = edges[-1]
    place = {item: int.from_bytes(_digest(item), "big") % total for item in items}
    return {item: names[bisect.bisect_right(edges, at)] for item, at in place.items()}


def one_out(subject: int, count: int, name: str) -> dict[str, str]:
    """Leave one of `count` subjects out: the next one, cyclically, validates, the rest train.

    Raises:
      ValueError: a subject that the set called `name` does not have.

    >>> one_out(3, 3, "SEED")
    {'train': 'subject02', 'validation': 'subject01', 'test': 'subject03'}
    """
    if not 1 <= subject <= count:
        raise ValueError(f"subject={subject}: {name} has subjects 1 to {count}")
    validation = subject % count + 1
    train = [s for s in range(1, count + 1) if s not in (subject, validation)]
    parts = {"train": train, "validation": [validation], "test": [subject]}
    return {k: "+".join(f"subject{s:02}" for s in v) for k, v in parts.items()}


def check_published(
    where: object, tests: Mapping[int, Collection[str]], trains: Mapping[int, Collection[str]]
) -> None:
    """Raise ValueError where the lists of a set are no folds: then scores cannot be compared.

    Args:
      where: the folder of the lists, for the message.
      tests, trains: items of each fold. Each item is tested once; a fold trains on all others.
    """
    tested = collections.Counter(item for items in tests.values() for item in items)
    twice = sorted(item for item, count in tested.items() if count > 1)
    if twice:
        raise ValueError(f"{where}: {len(twice)} items are tested twice, such as {twice[0]}")
    for fold, items in trains.items():
        odd = sorted(set(items) ^ (set(tested) - set(tests[fold])))
        if odd:
            raise ValueError(
                f"{where}: fold {fold} does not train on exactly what the other folds test: "
                f"{len(odd)} items differ, such as {odd[0]}; a list is cut off or another version"
            )


def expressions(fold: int, count: int, name: str) -> dict[str, str]:
    """Split expressions: test is the fold, validation the next one (cyclically), train the rest.

    Raises:
      ValueError: a fold that the set called `name` does not have.

    >>> expressions(3, 3, "OASIS")
    {'train': 'fold2', 'validation': 'fold1', 'test': 'fold3'}
    """
    if not 1 <= fold <= count:
        raise ValueError(f"fold={fold}: {name} has folds 1 to {count}")
    validation = fold % count + 1
    train = [f for f in range(1, count + 1) if f not in (fold, validation)]
    return {
        "train": "+".join(f"fold{f}" for f in train),
        "validation": f"fold{validation}",
        "test": f"fold{fold}",
    }


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
