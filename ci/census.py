#!/usr/bin/env python3
"""Ranks sequences of instructions by how often programs run them, for the table of fused ops.

usage: census.py [--rows N] [--triples] FILE...      each FILE is the output of
       `fulmar inspect --bytecode MODULE`

A pair counts where its second instruction is no branch target, weighted by 8^(loop depth); every
module counts the same as a whole. Prints rows for src/code/fused.rs, the heaviest first, with the
share of all executed instructions that each starts. Leave the benchmarks out of the corpus.
"""
import argparse
import collections
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).parent.parent / "src/code/table.rs"
# Which of d, x, y the ops of a group have.
GROUPS = {
    "unary": "dx", "unary_try": "dx", "commutative": "dxy", "binary": "dxy", "binary_try": "dxy",
    "compare_int": "dxy", "compare_float": "dxy", "branch": "xy", "load": "dx", "store": "xy",
}
SPECIAL = {
    "br": "", "return": "", "return_value": "x", "return_f32": "x", "return_f64": "x", "copy": "dx",
    "copy_f32": "dx", "copy_f64": "dx", "select": "dx", "select_imm_first": "dx", "select_imm_second": "dx", "select_imms": "dx", "global.get": "d", "global.set": "x",
    "call": "", "enter.0": "", "enter.1": "", "enter.2": "", "enter.4": "", "enter.8": "",
    "const64": "d",
}
# What control never falls through.
LAST = {"br", "return", "return_value", "return_f32", "return_f64", "call"}


def ops():
    """The table: text to (name, operands)."""
    found, group = {}, None
    for line in TABLE.read_text().splitlines():
        if m := re.match(r"^ +(\w+) \{$", line):
            group = m[1]
        elif m := re.match(r'^ +(\w+) +"([^"]+)"', line):
            operands = GROUPS.get(group) if group != "special" else SPECIAL.get(m[2])
            if operands is not None:
                found[m[2]] = (m[1], operands)
    return found


def part(text, table):
    """One instruction as a part of a row, or None if it can't be one."""
    text = text.split(" -> ")[0]
    for name in (" ".join(text.split(" ")[:2]), text.split(" ")[0]):
        if name in table:
            break
    else:
        return None
    ident, operands = table[name]
    fields = [field.strip() for field in text[len(name):].split(",")]
    places = {"d": "Slot", "x": "Slot", "y": "Slot"}
    for operand, field in zip(operands, fields):
        places[operand] = {"s": "Slot", "a": "Acc"}.get(field[:1], "Imm")
    return name in LAST, f"{ident}({places['d']}, {places['x']}, {places['y']})"


def functions(path):
    """The functions of a listing: cells, as lists of instruction texts."""
    cells = []
    for line in open(path):
        if line.startswith("func "):
            yield cells
            cells = []
        elif m := re.match(r"^ +\d+  (.*)$", line):
            cells.append(m[1].split(" + "))
    yield cells


def count(path, table, lengths):
    """The weights of the sequences of one module, and of all its instructions."""
    weights, total = collections.Counter(), 0.0
    for cells in functions(path):
        targets, depth = set(), [0] * (len(cells) + 1)
        for at, cell in enumerate(cells):
            for target in re.findall(r"-> ([\d ]+)", " + ".join(cell)):
                for target in map(int, target.split()):
                    targets.add(target)
                    if target <= at:
                        depth[target] += 1
                        depth[at + 1] -= 1
        run, level = [], 0
        for at, cell in enumerate(cells):
            level += depth[at]
            weight = 8.0 ** min(level, 4)
            if at in targets:
                run = []
            for text in cell:
                total += weight
                found = part(text, table)
                run = run + [found] if found else []
                for length in lengths:
                    sequence = run[-length:]
                    if len(sequence) == length and not any(last for last, _ in sequence[:-1]):
                        weights[tuple(row for _, row in sequence)] += weight
                if found and found[0]:
                    run = []
    return {row: weight / total for row, weight in weights.items()} if total else {}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--rows", type=int, default=100)
    arguments.add_argument("--triples", action="store_true")
    arguments.add_argument("files", nargs="+")
    arguments = arguments.parse_args()
    table = ops()
    weights = collections.Counter()
    for path in arguments.files:
        for row, weight in count(path, table, [3] if arguments.triples else [2]).items():
            weights[row] += weight / len(arguments.files)
    covered = 0.0
    for row, weight in weights.most_common(arguments.rows):
        covered += weight
        print(f"                {', '.join(row)};")
    print(f"{len(weights)} sequences; the listed ones start {covered:.1%} of the instructions",
          file=sys.stderr)


if __name__ == "__main__":
    main()
