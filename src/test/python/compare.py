"""Shows by how much regenerated golden files differ from those that are checked in.

    python compare.py CHECKED_IN REGENERATED [--limit 5e-4]

One line a file of REGENERATED: the largest |difference| of a value, where it is, and what only one of both has. Tensors
are compared with tensors of .safetensors files, numbers with numbers of .json files. Exits with 1 where a difference is
above the limit, a text, a shape or an integer differs, or the checked-in file is absent.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

# Facts of the machine and of the day.
IGNORED = {"torch", "transformers", "log"}


class Difference:
    """The largest difference of a file so far."""

    def __init__(self):
        self.largest, self.place, self.values, self.missing, self.unequal = 0.0, "", 0, [], []

    def number(self, place, difference):
        if math.isnan(difference):
            self.unequal.append(place)
        elif difference > self.largest:
            self.largest, self.place = difference, place


def compare_tensors(old, new, found):
    old, new = load_file(old), load_file(new)
    found.missing += sorted(old.keys() - new.keys())
    for name, tensor in new.items():
        recorded = old.get(name)
        if recorded is None or recorded.shape != tensor.shape or recorded.dtype != tensor.dtype:
            found.unequal.append(name)
            continue
        found.values += tensor.numel()
        if not tensor.dtype.is_floating_point:
            if not torch.equal(recorded, tensor):
                found.unequal.append(name)
        elif tensor.numel():
            a, b = recorded.double(), tensor.double()
            same = (a == b) | (a.isnan() & b.isnan())
            found.number(name, torch.where(same, 0, (a - b).abs()).max().item())


def compare_json(old, new, found, place=""):
    if isinstance(new, dict) and isinstance(old, dict):
        found.missing += sorted(f"{place}/{key}" for key in old.keys() - new.keys() - IGNORED)
        for key in new.keys() - IGNORED:
            if key in old:
                compare_json(old[key], new[key], found, f"{place}/{key}")
            else:
                found.unequal.append(f"{place}/{key}")
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for i, (a, b) in enumerate(zip(old, new)):
            compare_json(a, b, found, f"{place}/{i}")
    elif type(new) in (int, float) and type(old) in (int, float):
        found.values += 1
        if type(new) is int and type(old) is int and new != old:
            found.unequal.append(place)
        if not (math.isnan(new) and math.isnan(old)):
            found.number(place, abs(new - old))
    elif new != old:
        found.unequal.append(place)


def few(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checked_in", type=Path)
    parser.add_argument("regenerated", type=Path)
    parser.add_argument("--limit", type=float, default=5e-4)
    options = parser.parse_args()
    bad = files = 0
    for new in sorted(options.regenerated.rglob("*")):
        if new.suffix not in (".safetensors", ".json"):
            continue
        name = new.relative_to(options.regenerated)
        old = options.checked_in / name
        found = Difference()
        files += 1
        if not old.exists():
            print(f"{name}: not checked in")
            bad += 1
            continue
        if new.suffix == ".json":
            compare_json(json.loads(old.read_text()), json.loads(new.read_text()), found)
        else:
            compare_tensors(old, new, found)
        line = f"{name}: largest difference {found.largest:.2g}"
        line += f" at {found.place}" if found.place else ""
        line += f", {found.values:,} values"
        line += f"; not regenerated: {few(found.missing)}" if found.missing else ""
        line += f"; UNEQUAL: {few(found.unequal)}" if found.unequal else ""
        print(line)
        bad += bool(found.unequal) or found.largest > options.limit
    if not files:
        sys.exit(f"{options.regenerated}: no golden files")
    print("all within the limit" if not bad else f"{bad} files differ by more than {options.limit}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
