#!/usr/bin/env python3
"""Chooses the sequences that are worth a cell of their own, for the table of fused ops.

usage: census.py [--rows N] [--parts N] [--pairs N] FILE...      each FILE is the output of
       census.py --joins N FILE...                               `fulmar inspect --bytecode MODULE`

Instructions are weighted by a power of the loop depth, and a module by the square root of its size.
Starting from single instructions, the code is cut into as few cells as the rows found so far allow,
as the translator does; then the heaviest neighbouring cells become rows, and so on. To these come
the likeliest pairs by kinds of instructions: an i64 takes the place of an i32, one comparison that of
another. With --joins the rows are the N heaviest sequences in which a value waits in a slot of its own until
the other operand of its reader is made. Prints the rows for ci/fused-rows, and without --joins to stderr how many
cells run for each instruction. Leave the benchmarks out of the corpus.
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
    "br": "", "br_table": "x", "return": "", "return_value": "x", "return_f32": "x",
    "return_f64": "x", "copy": "dx", "copy_f32": "dx", "copy_f64": "dx", "select": "dx",
    "select_imm_first": "dx", "select_imm_second": "dx", "select_imms": "dx", "global.get": "d",
    "global.set": "x", "call": "", "enter.0": "", "enter.1": "", "enter.2": "", "enter.4": "",
    "enter.8": "",
}
# What control never falls through.
LAST = {"Br", "BrTable", "Return", "ReturnValue", "ReturnF32", "ReturnF64", "Call"}
# How often the code is cut anew while rows are chosen.
ROUNDS = 8
# How much more a loop counts than what is around it: little, since no few loops should decide.
BASE = 1.5
# The most parts of a sequence that joins two values.
JOIN_PARTS = 5
# Of smoothed pairs: how much more a loop counts, the weight of what is likely by kind, the share of an
# instruction that its counterpart of the other width adds.
PAIRS_BASE, LIKELY, COUNTERPART = 2.0, 3.0, 0.5
# Kinds of instructions, by patterns of their names.
KINDS = [(re.compile(pattern), kind) for pattern, kind in (
    (r"(?:BrIf|BrUnless)([IF])(?:32|64)", "Br"), (r"[IF](?:32|64)(Load|Store)", ""),
    (r"(I)(?:32|64)(?:Add|Sub|And|Or|Xor|Shl|ShrU|ShrS|Mul|Rotl|Rotr)$", "Alu"),
    (r"(F)(?:32|64)(?:Add|Sub|Mul|Div)$", "Alu"),
    (r"([IF])(?:32|64)(?:Eq|Ne|Lt|Gt|Le|Ge)[SU]?$", "Compare"),
)]


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
    """One instruction as a part of a row, and what its operands are; or None if it can't be one."""
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
        wide = "Wide" if field.startswith("0x") else "Imm"
        places[operand] = {"s": "Slot", "a": "Acc"}.get(field[:1], wide)
    return f"{ident}({places['d']}, {places['x']}, {places['y']})", dict(zip(operands, fields))


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


def runs(path, table, base):
    """The stretches of code that cells can't go beyond, each with its share of the module's weight."""
    found, total = [], 0.0
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
        weight = 1.0
        for at, cell in enumerate(cells):
            level += depth[at]
            if at in targets or depth[at]:
                found.append((run, weight))
                run = []
            weight = base ** min(level, 4)
            for text in cell:
                total += weight
                instruction = part(text, table)
                if instruction:
                    run.append(instruction)
                if not instruction or instruction[0].split("(")[0] in LAST:
                    found.append((run, weight))
                    run = []
        found.append((run, weight))
    return [(run, weight / total) for run, weight in found if run]


def stretches(path, table, base):
    """The rows of all stretches, with their weights."""
    weights = collections.Counter()
    for run, weight in runs(path, table, base):
        weights[tuple(row for row, _ in run)] += weight
    return weights


def joins(path, table, base):
    """The sequences in which a value waits in a slot for its only reader, whose other operand is in the accumulator."""
    weights = collections.Counter()
    for run, weight in runs(path, table, base):
        for take, (_, operands) in enumerate(run):
            slots = [field for field in (operands.get("x"), operands.get("y")) if field and field[0] == "s"]
            if len(slots) != 1 or "a" not in (operands.get("x"), operands.get("y")):
                continue
            for put in range(take - 2, max(take - JOIN_PARTS, -1), -1):
                between = [run[at][1].values() for at in range(put + 1, take)]
                if run[put][1].get("d") == slots[0] and not any(slots[0] in fields for fields in between):
                    follower = run[put + 1][1]
                    if "a" not in (follower.get("x"), follower.get("y")):
                        weights[tuple(row for row, _ in run[put:take + 1])] += weight
                    break
    return weights


def cut(run, rows, parts):
    """The fewest cells that make up a stretch: the lengths of the cells."""
    cells = [0] * (len(run) + 1)
    first = [1] * len(run)
    for at in reversed(range(len(run))):
        cells[at] = cells[at + 1] + 1
        for length in range(2, min(parts, len(run) - at) + 1):
            if run[at:at + length] not in rows:
                break
            if cells[at + length] + 1 <= cells[at]:
                cells[at], first[at] = cells[at + length] + 1, length
    at, lengths = 0, []
    while at < len(run):
        lengths.append(first[at])
        at += first[at]
    return lengths


def survey(corpus, rows, parts):
    """The weights of all cells, and of neighbouring ones that could be one."""
    used, joined = collections.Counter(), collections.Counter()
    for run, weight in corpus.items():
        at, before = 0, 0
        for length in cut(run, rows, parts):
            used[run[at:at + length]] += weight
            if before:
                for tail in {1, length}:
                    if before + tail <= parts and (tail == length or length > 1):
                        gain = 1.0 if tail == length else 0.3
                        joined[run[at - before:at + tail]] += weight * gain
            at, before = at + length, length
    return used, joined


def missing(row, rows):
    """The rows that a row needs: what it begins with, and itself."""
    return [row[:length] for length in range(2, len(row) + 1) if row[:length] not in rows]


def kind(row):
    """What a part is like: its op's kind, and its places."""
    op, places = row.split("(")
    for pattern, name in KINDS:
        if m := pattern.match(op):
            return f"{name}{m[1]}({places}"
    return row


def counterpart(row):
    """The same for values of the other width."""
    op, places = row.split("(")
    swap = {"I32": "I64", "I64": "I32", "F32": "F64", "F64": "F32"}
    return re.sub("[IF](32|64)", lambda m: swap[m[0]], op, count=1) + "(" + places


def flows(first, second):
    """Whether the second part can read what the first one leaves in an accumulator."""
    if "Acc" not in second or "Load" in first or "Load" in second or "Store" in second:
        return True
    types = [re.search("[IF](?:32|64)", row.split("(")[0]) for row in (first, second)]
    return None in types or types[0][0] == types[1][0]


def likely_pairs(corpus, table, count):
    """The pairs that are frequent, or would be by the kinds of their parts."""
    names = {name for name, _ in table.values()}
    single, double, kinds = (collections.Counter() for _ in range(3))
    for run, weight in corpus.items():
        for row in run:
            single[row] += weight
        for pair in zip(run, run[1:]):
            double[pair] += weight
            kinds[tuple(map(kind, pair))] += weight
    share, members = {}, collections.defaultdict(list)
    for row in set(single) | set(map(counterpart, single)):
        narrow = "32" in row.split("(")[0]
        if row.split("(")[0] in names and not (narrow and "Wide" in row):
            share[row] = single[row] + COUNTERPART * single[counterpart(row)]
            members[kind(row)].append(row)
    whole = {of: sum(share[row] for row in rows) for of, rows in members.items()}
    score = collections.Counter(double)
    for (first, second), weight in kinds.items():
        for a in members[first]:
            for b in members[second]:
                if flows(a, b):
                    chance = share[a] / whole[first] * share[b] / whole[second]
                    score[a, b] += LIKELY * weight * chance
    return [pair for pair, _ in score.most_common(count)]


def weigh(files, table, base, sequences=stretches):
    """All stretches of the files, or other sequences, with their weights."""
    corpus = collections.Counter()
    for path in files:
        for run, weight in sequences(path, table, base).items():
            corpus[run] += weight * pathlib.Path(path).stat().st_size ** 0.5
    return corpus


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--rows", type=int, default=1600)
    arguments.add_argument("--parts", type=int, default=3)
    arguments.add_argument("--pairs", type=int, default=1000)
    arguments.add_argument("--joins", type=int, default=0)
    arguments.add_argument("files", nargs="+")
    arguments = arguments.parse_args()
    table = ops()
    if arguments.joins:
        for row, _ in weigh(arguments.files, table, BASE, joins).most_common(arguments.joins):
            print(", ".join(row))
        return
    corpus = weigh(arguments.files, table, BASE)
    total = sum(weight * len(run) for run, weight in corpus.items())
    alone = {run: weight for run, weight in corpus.items() if len(run) < 2}
    corpus = {run: weight for run, weight in corpus.items() if len(run) >= 2}
    rows = set()
    for goal in range(arguments.rows // ROUNDS, arguments.rows + 1, arguments.rows // ROUNDS):
        _, joined = survey(corpus, rows, arguments.parts)
        rank = lambda row: joined[row] / len(missing(row, rows))
        for row in sorted((row for row in joined if missing(row, rows)), key=rank, reverse=True):
            rows.update(missing(row, rows))
            if len(rows) >= goal:
                break
    rows.update(likely_pairs(weigh(arguments.files, table, PAIRS_BASE), table, arguments.pairs))
    used, _ = survey(corpus, rows, arguments.parts)
    cells = sum(used.values()) + sum(alone.values())
    print(f"{len(rows)} rows: {cells / total:.3f} cells an instruction", file=sys.stderr)
    by_weight = lambda row: (len(row), -used[row], row)
    for row in sorted(rows, key=by_weight):
        print(", ".join(row))


if __name__ == "__main__":
    main()
