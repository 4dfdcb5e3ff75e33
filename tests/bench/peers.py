"""peers.py - mlrt beside PyTorch: the same work, in turn, as ratios of one run.

Usage, under ./with-mlrt in a build tree: peers.py [--check | --time] [--threads N] [WORKLOAD[:PRECISION] ...]

Both do ten steps from the same weights and batches, and their losses must agree. Then the best setting of each is found,
and the two are timed in turn. (--check and --time: only the one or the other, for a machine that is quiet at times.) The
precision is f32, bf16, or mixed, which sets our bf16 against the peer's f32; without it, all are compared.

The best of the peer counts: eager and, where there is one, torch.compile; on every number of threads; in /usr/bin/python3
and in the interpreters of $TORCH_PYTHON, which names them between colons. The OpenBLAS of the peer should be the one that
uses OpenMP. The ratios are kept as figures.py describes.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from figures import here

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer.py")
TOLERANCE = {"f32": 1e-3, "bf16": 1e-2}  # of the losses of ten steps
PRECISIONS = {"f32": ("f32", "f32"), "bf16": ("bf16", "bf16"), "mixed": ("bf16", "f32")}  # ours, the peer's
TRAINING = ["W1", "W2", "W3", "W4.1", "W4.2", "W6"]
FEWEST, MOST, SECONDS = 3, 15, 150  # rounds in turn: as many as take so long, but no fewer and no more
WINDOWS, ROUND_SECONDS = 5, 6     # of slow steps there are fewer windows in a round
RUN = 10000  # steps of a run of W8


def start(command):
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)


def finish(process):
    """What a process said, as {name: numbers}, and its peak memory in bytes."""
    text = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(process.args)}: ended with status {status}")
    lines = [line.split() for line in text.splitlines()]
    return {line[0]: [float(word) for word in line[1:]] for line in lines if line and line[0] in ("losses", "windows")}, \
        used.ru_maxrss * 1024


def run(*command):
    return finish(start(command))


# ---- who is measured ----

class Ours:
    def __init__(self, threads):
        self.threads, self.name = threads, f"mlrt, {threads} thread{'s' * (threads > 1)}"

    def losses(self, workload, precision, folder):
        return run("mlrt", "bench", workload, "--precision", precision, "--export", folder)[0]["losses"]

    def time(self, workload, precision, folder, windows):
        facts, memory = run("mlrt", "bench", workload, "--part", "windows", "--precision", precision, "--threads",
                            self.threads, *["--quick"] * (windows < WINDOWS))
        return facts["windows"], memory


class Peer:
    def __init__(self, python, version, mode, threads):
        self.python, self.mode, self.threads = python, mode, threads
        self.name = f"PyTorch {version}, {mode}, {threads} thread{'s' * (threads > 1)}"

    def command(self, workload, precision, folder, steps, windows):
        return [self.python, PEER, workload, precision, self.mode, self.threads, folder, steps, windows]

    def losses(self, workload, precision, folder):
        return run(*self.command(workload, precision, folder, 10, 0))[0]["losses"]

    def time(self, workload, precision, folder, windows):
        facts, memory = run(*self.command(workload, precision, folder, 1, windows))
        return facts["windows"], memory


def option(name):
    """The value behind an option, or None."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def all_threads():
    return [int(option("--threads"))] if "--threads" in sys.argv else sorted({1, os.cpu_count()})


def peers():
    """Every setting of every PyTorch that is here."""
    found = []
    for python in ["/usr/bin/python3", *filter(None, os.environ.get("TORCH_PYTHON", "").split(":"))]:
        ask = "import torch; print(torch.__version__, hasattr(torch, 'compile'))"
        answer = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if answer.returncode == 0:
            version, compiles = answer.stdout.split()
            modes = ["eager", "compile"] if compiles == "True" else ["eager"]
            found += [Peer(python, version, mode, n) for mode in modes for n in all_threads()]
    if not found:
        sys.exit("no PyTorch: python3-torch is missing, and $TORCH_PYTHON names none")
    return found


# ---- comparing ----

def check(workload, precision, folder):
    ours = Ours(1).losses(workload, precision, folder)
    for mode in sorted({(peer.python, peer.mode) for peer in peers()}):
        peer = next(p for p in reversed(peers()) if (p.python, p.mode) == mode)
        theirs = peer.losses(workload, precision, folder)
        apart = max(abs(a - b) / max(1, abs(b)) for a, b in zip(ours, theirs))
        print(f"{workload} {precision}: losses of ten steps are within {apart:.1e} of {peer.name}", flush=True)
        if not apart <= TOLERANCE[precision]:
            sys.exit(f"{workload}: it is not the same work: {ours} and {theirs}")


def best(candidates, workload, precision, folder):
    """The fastest and its seconds a step."""
    tried = [(min(c.time(workload, precision, folder, 1)[0]), i) for i, c in enumerate(candidates)]
    seconds, i = min(tried)
    return candidates[i], seconds


def in_turn(pair, workload, folder):
    """How often the first of two (who, precision, seconds) is done while the second is once, and the peak memory of each:
    the median ratio of some rounds, for in a round the machine is about as fast for the one as for the other."""
    slowest = max(seconds for _, _, seconds in pair)
    many = max(1, min(WINDOWS, int(ROUND_SECONDS / slowest)))
    rounds = max(FEWEST, min(MOST, int(SECONDS / (2 * many * slowest))))
    ratios, memory = [], [0, 0]
    for _ in range(rounds):
        step = [0, 0]
        for i, (who, precision, _) in enumerate(pair):
            windows, peak = who.time(workload, precision, folder, many)
            step[i] = statistics.median(windows)
            memory[i] = max(memory[i], peak)
        ratios.append(step[1] / step[0])
    print(f"{workload}: in turn {', '.join(f'{ratio:.2f}' for ratio in ratios)}", flush=True)
    return statistics.median(ratios), memory


def keep(figures, workload, precision, peer, speed, memory):
    if "OPENBLAS_CORETYPE" in os.environ and precision != "bf16":
        peer += f", OpenBLAS as for {os.environ['OPENBLAS_CORETYPE']}"
    row = {"id": workload, "precision": precision, "speed": round(speed, 3), "memory": round(memory, 3), "peer": peer}
    figures.peers[workload, precision] = row
    print(f"{workload} {precision}: {speed:.2f} times as fast, {memory:.2f} of the memory; {peer}", flush=True)


def compare(figures, workload, precision):
    ours, theirs = PRECISIONS[precision]
    with tempfile.TemporaryDirectory() as folder:
        if "--time" not in sys.argv and ours == theirs:
            check(workload, ours, folder)
        if "--check" in sys.argv:
            return
        run("mlrt", "bench", workload, "--quick", "--export", folder)
        pair = [(*best([Ours(n) for n in all_threads()], workload, ours, folder), ours),
                (*best(peers(), workload, theirs, folder), theirs)]
        speed, memory = in_turn([(who, p, s) for who, s, p in pair], workload, folder)
    keep(figures, workload, precision, pair[1][0].name, speed, memory[0] / memory[1])


# ---- what is no training step ----

def seconds_of(*command):
    begun = time.perf_counter()
    _, memory = run(*command)
    return time.perf_counter() - begun, memory


def start_up(figures):
    """A cold process of one step beside the import of PyTorch alone."""
    peer = peers()[0]
    script = os.path.join(os.path.dirname(PEER), "W3.lua")
    with tempfile.TemporaryDirectory() as folder:
        times = [(seconds_of("mlrt", "run", "--quiet", "--store", folder, script, "steps=1"),
                  seconds_of(peer.python, "-c", "import torch")) for _ in range(10)]
    ours, theirs = ([statistics.median(values) for values in zip(*side)] for side in zip(*times))
    keep(figures, "S0", "f32", peer.name.split(",")[0] + ", import alone", theirs[0] / ours[0], ours[1] / theirs[1])


def sweep(figures):
    """Runs a second: ours by `mlrt bench W8`, the peer's by one process a core that trains without a pause."""
    cores = os.cpu_count()
    with tempfile.TemporaryDirectory() as folder:
        run("mlrt", "bench", "W3", "--quick", "--export", folder)
        peer = best([p for p in peers() if p.threads == 1], "W3", "f32", folder)[0]
        ours, theirs, memory = [], [], []
        for _ in range(2):
            rows = subprocess.run(["mlrt", "bench", "W8", "--json"], stdout=subprocess.PIPE, text=True, check=True)
            ours.append(json.loads(rows.stdout)[0])
            each = [finish(p) for p in [start(peer.command("W3", "f32", folder, 1, WINDOWS)) for _ in range(cores)]]
            theirs.append(sum(1 / statistics.median(facts["windows"]) for facts, _ in each) / RUN)
            memory.append(max(peak for _, peak in each))
    rate = statistics.median(row["examples_per_s"] for row in ours)
    keep(figures, "W8", "f32", peer.name.replace("1 thread", f"{cores} processes"), rate / statistics.median(theirs),
         ours[0]["peak_mb"] * 2**20 / memory[0])


def main(arguments):
    figures = here()
    precisions = list(PRECISIONS) if figures.bf16 else ["f32"]
    if "--threads" in arguments:
        del arguments[arguments.index("--threads") + 1]
    for name in [a for a in arguments if not a.startswith("--")] or [*TRAINING, "W8", "S0"]:
        workload, _, precision = name.partition(":")
        other = {"S0": start_up, "W8": sweep}.get(workload)
        if other:
            other(figures)
        else:
            for p in [precision] if precision else precisions:
                compare(figures, workload, p)
        figures.save()


if __name__ == "__main__":
    main(sys.argv[1:])
