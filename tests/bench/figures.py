"""figures.py - the figures that are kept: what each workload reaches, as ratios, a file for each class of machine.

Usage, under ./with-mlrt in a build tree:
  figures.py record [THREADS] [WORKLOAD[:PRECISION] ...]  measure with `mlrt bench` and keep fractions of the ceiling
  figures.py page [FILE]                                  write the tables of docs/performance.md anew from what is kept

$MACHINE describes the machine in words; without it the file's own description stays.
"""
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "docs", "performance.md")
FOLDER = os.path.join(HERE, "figures")
ROUNDS = 5  # of one thread and all in turn


def mlrt(*arguments):
    return subprocess.run(["mlrt", *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True).stdout


class Figures:
    """The file of one class: rows of ours by (id, precision, threads), of peers by (id, precision)."""

    def __init__(self, name):
        self.name, self.path = name, os.path.join(FOLDER, name + ".json")
        self.bf16 = name.endswith(("-bf16", "-amx"))
        kept = {"machine": name, "ours": [], "peers": []}
        if os.path.exists(self.path):
            with open(self.path) as file:
                kept = json.load(file)
        self.machine = os.environ.get("MACHINE", kept["machine"])
        self.ours = {(row["id"], row["precision"], row["threads"]): row for row in kept["ours"]}
        self.peers = {(row["id"], row["precision"]): row for row in kept["peers"]}

    def save(self):
        """A row a line: `mlrt bench` reads these lines, and differences are easy to see."""
        def rows(table):
            return ",\n".join("  " + json.dumps(table[key]) for key in sorted(table))
        os.makedirs(FOLDER, exist_ok=True)
        with open(self.path, "w") as file:
            file.write(f'{{"machine": {json.dumps(self.machine)},\n "ours": [\n{rows(self.ours)}\n ],\n'
                       f' "peers": [\n{rows(self.peers)}\n ]}}\n')


def here():
    """Of this machine."""
    return Figures(mlrt("bench", "S0", "--part", "machine").strip())


def seconds(name, precision, threads):
    """A step's, the median of a run's windows."""
    text = mlrt("bench", name, "--part", "windows", "--precision", precision, "--threads", threads)
    return statistics.median(map(float, re.search("^windows (.*)$", text, re.MULTILINE)[1].split()))


def speedup(name, precision, threads):
    """The time of one thread over that of so many: the median of some ratios of neighbouring runs."""
    ratios = [seconds(name, precision, 1) / seconds(name, precision, threads) for _ in range(ROUNDS)]
    print(f"{name} {precision}: {threads} threads over one, in turn: {', '.join(f'{r:.2f}' for r in ratios)}", flush=True)
    return statistics.median(ratios)


def record(arguments):
    """On one thread and on all, and how much faster these are; or on the number of threads that is given."""
    figures = here()
    threads = [int(a) for a in arguments if a.isdigit()] or sorted({1, os.cpu_count()})
    for name in [a for a in arguments if not a.isdigit()] or ["W1", "W2", "W3", "W4", "W6"]:
        workload, _, only = name.partition(":")
        for precision in [only] if only else ["f32", "bf16"] if figures.bf16 else ["f32"]:
            for n in threads:
                for row in json.loads(mlrt("bench", workload, "--json", "--precision", precision, "--threads", n)):
                    kept = {field: row[field] for field in ("id", "precision", "threads", "ceiling_fraction")}
                    if n > 1 and 1 in threads:
                        kept["speedup"] = round(speedup(row["id"], precision, n), 3)
                    figures.ours[row["id"], precision, n] = kept
                    print(json.dumps(kept), flush=True)
    figures.save()


# ---- the page ----

def percent(row):
    return f"{100 * row['ceiling_fraction']:.0f} %" if row else ""


def table(head, rows):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def ours_table(figures):
    threads = sorted({key[2] for key in figures.ours})
    columns = [(precision, n) for precision in ("f32", "bf16") for n in threads]
    head = ["workload"] + [f"{precision}, {n} thread{'s' * (n > 1)}" for precision, n in columns]
    head += [f"{threads[-1]} threads over one, {precision}" for precision in ("f32", "bf16")] if threads else []
    rows = []
    for name in sorted({key[0] for key in figures.ours}):
        row = [name] + [percent(figures.ours.get((name, *column))) for column in columns]
        for precision in "f32", "bf16":
            most = figures.ours.get((name, precision, threads[-1]))
            row.append(f"{most['speedup']:.2f}" if most and "speedup" in most else "")
        rows.append(row)
    return table(head, rows)


def peers_table(figures):
    head = ["workload", "precision", "speed over the peer's", "peak memory over the peer's", "so the peer reaches",
            "the peer's best setting"]
    rows = []
    for (name, precision), row in sorted(figures.peers.items()):
        fraction = reached(figures, "ours", name, precision) if precision != "mixed" else None
        rows.append([name, "bf16, the peer f32" if precision == "mixed" else precision, f"{row['speed']:.2f}", f"{row['memory']:.2f}",
                     f"{100 * fraction / row['speed']:.0f} % of the ceiling" if fraction else "", row["peer"]])
    return table(head, rows)


# What is wanted: a text, the least or the most, and where the figure is kept.
GOALS = [
    *((f"{name}, the whole step over the ceiling, {precision}", ">=", least, ("ours", name, precision))
      for name in ("W1", "W2", "W4.1", "W4.2") for precision, least in (("f32", 0.85), ("bf16", 0.80))),
    ("W3, the whole step over the ceiling, one thread", ">=", 0.80, ("alone", "W3", "f32")),
    ("W1, speed over the peer's, f32", ">=", 1.35, ("speed", "W1", "f32")),
    ("W1, speed over the peer's, bf16", ">=", 1.2, ("speed", "W1", "bf16")),
    ("W1, speed in bf16 over the peer's in f32", ">=", 2.5, ("speed", "W1", "mixed")),
    ("W3, speed over the peer's", ">=", 4.5, ("speed", "W3", "f32")),
    ("W6, speed over the peer's, f32", ">=", 1.6, ("speed", "W6", "f32")),
    ("W8, runs a second over the peer's", ">=", 4.5, ("speed", "W8", "f32")),
    ("S0, a cold run over `import torch`", ">=", 15, ("speed", "S0", "f32")),
    *((f"{name}, peak memory over the peer's, {precision}", "<=", 0.5, ("memory", name, precision))
      for name in ("W1", "W2") for precision in ("f32", "bf16")),
    ("W1, all threads over one, f32", ">=", 1.85, ("speedup", "W1", "f32")),
]


def reached(figures, kind, name, precision):
    most = max((key[2] for key in figures.ours), default=1)
    if kind in ("speed", "memory"):
        return figures.peers.get((name, precision), {}).get(kind)
    row = figures.ours.get((name, precision, 1 if kind == "alone" else most), {})
    return row.get("speedup" if kind == "speedup" else "ceiling_fraction")


def goals_table(figures):
    rows = []
    for text, sign, goal, where in GOALS:
        value = reached(figures, *where)
        if value is not None:
            met = value >= goal if sign == ">=" else value <= goal
            rows.append([text, f"{sign} {goal:.2f}", f"{value:.2f}", "yes" if met else "no"])
    return table(["goal", "wanted", "reached", ""], rows)


def page(path=PAGE):
    with open(path) as file:
        text = file.read()
    names = sorted(name[:-len(".json")] for name in os.listdir(FOLDER) if name.endswith(".json"))
    parts = {"goals": goals_table, "ours": ours_table, "peers": peers_table}
    for part, make in parts.items():
        made = "\n\n".join(f"On {figures.machine}:\n\n{make(figures)}" for figures in map(Figures, names))
        text = re.sub(rf"(<!-- {part}: [^\n]*-->\n).*?(\n<!-- end -->)", lambda m: f"{m[1]}\n{made}\n{m[2]}", text, flags=re.S)
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    verb, *rest = sys.argv[1:] or [None]
    if verb == "record":
        record(rest)
    elif verb == "page":
        page(*rest)
    else:
        sys.exit(__doc__)
