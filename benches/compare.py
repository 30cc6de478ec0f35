#!/usr/bin/env python3
"""Measures heart-darts beside PyTorch, and by itself, and writes the tables of benches/RESULTS.md.

    cargo build --release
    python3 benches/compare.py --python PEER/bin/python            # both sides, alternately
    python3 benches/compare.py --scaling                           # ours over batch, channels, cells, samples, threads
    python3 benches/compare.py --cores --python PEER/bin/python    # one thread and all

PEER is a virtual environment with torch, see the head of bench.py in the peer's folder. Relative paths are from the
project's folder. To be run on an idle machine; Python 3.9 on Linux or macOS is all that it needs itself. Each table is written
as soon as its workload is measured, so a run that is stopped leaves what it has.
"""
import argparse
import datetime
import glob
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKLOADS = ["search-step", "train-step", "inference", "latency"]
ONNX = "onnxruntime"
# PyTorch's ways: arguments of bench.py, and whether tcmalloc is preloaded.
VARIANTS = {
    "eager": (["--mode", "eager"], False),
    "eager+tcmalloc": (["--mode", "eager"], True),
    "channels-last+tcmalloc": (["--mode", "eager", "--channels-last"], True),
    "compile+tcmalloc": (["--mode", "compile"], True),
    "compile+channels-last+tcmalloc": (["--mode", "compile", "--channels-last"], True),
    # Not PyTorch but its network exported; evaluation only. It needs `pip install onnx onnxruntime onnxscript` in PEER.
    ONNX: ([], False),
}
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
BATCHES, CHANNELS, SAMPLES = [1, 10, 32, 100, 256], [8, 16, 32], [150, 300, 600]
LAYERS = {"search-step": [4, 8, 12]}
LAYERS_DERIVED = [5, 10, 15, 20]


class Failed(Exception):
    """A run that gave no figure; says why."""


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scaling", action="store_true", help="measure our side over its sizes")
    parser.add_argument("--cores", action="store_true", help="measure one thread beside all")
    parser.add_argument("--only", nargs="+", metavar="W", choices=WORKLOADS, default=WORKLOADS,
                        help=f"workloads; default: {' '.join(WORKLOADS)}")
    parser.add_argument("--variants", nargs="+", metavar="V", choices=VARIANTS, default=list(VARIANTS),
                        help=f"PyTorch's ways; default: {' '.join(VARIANTS)}")
    parser.add_argument("--python", metavar="PATH", help="Python with torch")
    parser.add_argument("--peer", metavar="DIR", default="../shared/peers/pytorch",
                        help="folder of the peer's bench.py, from the project's folder; default: %(default)s")
    parser.add_argument("--program", metavar="PATH", default="target/release/heart-darts", help="default: %(default)s")
    parser.add_argument("--tcmalloc", metavar="PATH", help="libtcmalloc; default: where Debian and Fedora have it")
    parser.add_argument("--pairs", type=int, default=5, metavar="N", help="runs of each side; default: %(default)s")
    parser.add_argument("--repetitions", type=int, default=5, metavar="N",
                        help="timed steps of a run, of which the median counts; default: %(default)s")
    parser.add_argument("--threads", type=int, default=CORES, metavar="N",
                        help="default: all, %(default)s here")
    parser.add_argument("--channels", type=int, default=16, metavar="N", help="default: %(default)s")
    parser.add_argument("--limit", type=float, default=900, metavar="SECONDS",
                        help="a run that takes longer has failed; default: %(default)s")
    parser.add_argument("--out", metavar="FILE", default="benches/RESULTS.md", help="default: %(default)s")
    arguments = parser.parse_args()
    if min(arguments.pairs, arguments.repetitions, arguments.threads, arguments.channels) < 1:
        parser.error("--pairs, --repetitions, --threads and --channels are at least 1")
    if not (arguments.python or arguments.scaling or arguments.cores):
        parser.error("--python names a Python with torch; --scaling and --cores can do without")
    if arguments.python and not shutil.which(ROOT / arguments.python) and not shutil.which(arguments.python):
        parser.error(f"--python {arguments.python}: there is no such program")
    return arguments


def run(command, limit, environment=None):
    """Runs a program to its end. Its last line of output as JSON, with `peak_memory_bytes`, where it has none, from wait4: the
    most memory that it, a process that it waited for (the compiler of torch.compile) or this script before it has held."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        # A session of its own, so that what it has started can be ended with it.
        try:
            process = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=out, stderr=errors,
                                       stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
                                       start_new_session=True)
        except OSError as error:
            raise Failed(f"cannot be started: {error.strerror}") from None
        end = time.monotonic() + limit
        pid = 0
        try:
            while not pid and time.monotonic() < end:
                time.sleep(0.1)
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        finally:
            if not pid:
                os.killpg(process.pid, signal.SIGKILL)
                os.wait4(process.pid, 0)
                process.returncode = -signal.SIGKILL
        if not pid:
            raise Failed(f"took over {limit:.0f} s")
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), errors.seek(0)
        lines, said = out.read().decode(errors="replace").splitlines(), errors.read().decode(errors="replace")
    if process.returncode:
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
        # Where something is installed is nobody's business.
        last = re.sub(r"(?<![\w.])/\S*/", "", last)
        raise Failed(f"exit code {process.returncode}: {last[:200]}")
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise Failed("printed no JSON") from None
    # Linux counts in KiB, macOS in bytes.
    rss = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {**result, "peak_memory_bytes": result.get("peak_memory_bytes") or rss}


def ours(arguments, workload, threads, *sizes):
    return run([arguments.program, "bench", workload, "--json", "--threads", threads, "--repetitions",
                arguments.repetitions, *sizes], arguments.limit)


def tcmalloc(arguments):
    if arguments.tcmalloc:
        return arguments.tcmalloc
    found = [path for name in ("libtcmalloc_minimal.so.4", "libtcmalloc.so.4")
             for path in sorted(glob.glob(f"/usr/lib*/{name}") + glob.glob(f"/usr/lib/*/{name}"))]
    if not found:
        raise Failed("found no libtcmalloc; name it by --tcmalloc")
    return found[0]


def theirs(arguments, variant, workload, threads):
    options, preload = VARIANTS[variant]
    environment = {"LD_PRELOAD": tcmalloc(arguments)} if preload else {}
    script = pathlib.Path(arguments.peer) / "bench.py"
    if variant == ONNX:
        if workload not in ("inference", "latency"):
            raise Failed("it does not train")
        script, options = pathlib.Path("benches/onnx_runtime.py"), ["--peer", arguments.peer]
    if not (ROOT / script).exists():
        raise Failed(f"there is no {script}")
    return run([arguments.python, script, workload, *options, "--threads", threads, "--channels", arguments.channels,
                "--repetitions", arguments.repetitions], arguments.limit, environment)


def median(results, key="samples_per_s"):
    return statistics.median(result[key] for result in results)


def most_memory(results):
    return f"{max(result['peak_memory_bytes'] for result in results) / 2**20:.0f}"


def pairs(first, second, count):
    """Runs both alternately. The results of each, and the ratios of pairs, second to first."""
    results = []
    for i in range(count):
        print(f"    pair {i + 1} of {count}", end="", file=sys.stderr, flush=True)
        a, b = first(), second()
        results.append((a, b))
        print(f": {a['samples_per_s']:.1f} and {b['samples_per_s']:.1f} beats/s", file=sys.stderr)
    ratios = [b["samples_per_s"] / a["samples_per_s"] for a, b in results]
    return [a for a, _ in results], [b for _, b in results], ratios


def spread(ratios):
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def share(rate, gflop, threads, peak):
    most = peak["fma_gflop_per_s"]["one_thread" if threads == 1 else "all_threads"]
    return f"{100 * rate * gflop / most:.0f} %"


def comparison(arguments, workload, peak):
    rows, versions = [], set()
    for variant in arguments.variants:
        print(f"  {variant}", file=sys.stderr)
        try:
            them, us, ratios = pairs(lambda: theirs(arguments, variant, workload, arguments.threads),
                                     lambda: ours(arguments, workload, arguments.threads, "--channels",
                                                  arguments.channels), arguments.pairs)
        except Failed as reason:
            print(f"    failed: {reason}", file=sys.stderr)
            rows.append([variant, f"failed: {reason}", *[""] * 7])
            continue
        versions.add(" ".join(them[0]["peer"].split()[:2]))
        gflop = us[0]["gflop"]
        rates = [median(us), median(them)]
        rows.append([variant, f"{rates[0]:.1f}", f"{rates[1]:.1f}", spread(ratios),
                     *(share(rate, gflop, arguments.threads, peak) for rate in rates), most_memory(us),
                     most_memory(them), f"{1e3 * median(us, 'seconds'):.2f}"])
    head = ["PyTorch", "ours, beats/s", "PyTorch, beats/s", "ours : PyTorch", "ours, share of peak",
            "PyTorch, share of peak", "ours, MiB", "PyTorch, MiB", "ours, ms a step"]
    return table(head, rows), versions


def scaling(arguments, workload, peak):
    layers = LAYERS.get(workload, LAYERS_DERIVED)
    threads = sorted({2**i for i in range(10) if 2**i < arguments.threads} | {arguments.threads})
    settings = [("batch", BATCHES if workload != "latency" else []), ("channels", CHANNELS), ("layers", layers),
                ("samples", SAMPLES), ("threads", threads)]
    rows = []
    for name, values in settings:
        for value in values:
            print(f"  {name} {value}", file=sys.stderr)
            used = value if name == "threads" else arguments.threads
            sizes = [] if name == "threads" else [f"--{name}", value]
            try:
                result = ours(arguments, workload, used, *sizes)
            except Failed as reason:
                rows.append([name, value, f"failed: {reason}", *[""] * 4])
                continue
            rate = result["samples_per_s"]
            rows.append([name, value, f"{rate:.1f}", f"{1e3 * result['seconds']:.2f}", f"{result['gflop_per_s']:.1f}",
                         share(rate, result["gflop"], used, peak), most_memory([result])])
    head = ["what changes", "to", "beats/s", "ms a step", "GFLOP/s", "share of peak", "MiB"]
    return table(head, rows), set()


def cores(arguments, workload, peak):
    sides = {"heart-darts": lambda threads: ours(arguments, workload, threads, "--channels", arguments.channels)}
    for variant in arguments.variants if arguments.python else []:
        sides[f"PyTorch {variant}"] = lambda threads, v=variant: theirs(arguments, v, workload, threads)
    rows, versions, gflop = [], set(), None
    for name, side in sides.items():
        print(f"  {name}", file=sys.stderr)
        try:
            one, many, ratios = pairs(lambda: side(1), lambda: side(arguments.threads), arguments.pairs)
        except Failed as reason:
            print(f"    failed: {reason}", file=sys.stderr)
            rows.append([name, f"failed: {reason}", *[""] * 4])
            continue
        gflop = gflop or one[0].get("gflop")
        shares = [share(median(one), gflop, 1, peak), share(median(many), gflop, arguments.threads, peak)] if gflop \
            else ["", ""]
        if name != "heart-darts":
            versions.add(" ".join(one[0]["peer"].split()[:2]))
        rows.append([name, f"{median(one):.1f}", f"{median(many):.1f}", spread(ratios), *shares])
    head = ["", "1 thread, beats/s", f"{arguments.threads} threads, beats/s", "ratio", "1 thread, share of peak",
            f"{arguments.threads} threads, share of peak"]
    return table(head, rows), versions


def table(head, rows):
    line = lambda cells: "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def output(*command):
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment).stdout.strip()
    except OSError:
        return ""


def machine():
    lscpu = dict(re.findall(r"^([^:\n]+):\s*(.*)$", output("lscpu"), re.MULTILINE))
    flags = set(lscpu.get("Flags", "").split())
    known = [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd") if flag in flags]
    model = lscpu.get("Model name") or platform.processor() or platform.machine()
    caches = ", ".join(f"{level} {lscpu[f'{level} cache']}" for level in ("L2", "L3") if f"{level} cache" in lscpu)
    return f"{model}, {os.cpu_count()} logical CPUs ({' '.join(known) or 'no vector flags known'}; {caches or 'caches unknown'})"


def command_line():
    """As it was given; a place outside the project stands as what it is the place of."""
    words, name = [], "PATH"
    for word in sys.argv[1:]:
        option, equals, value = word.partition("=")
        if word.startswith("--"):
            name = option.lstrip("-").upper()
        place = value if equals else word
        words.append(word[:len(word) - len(place)] + name if place.startswith(("/", "~")) else word)
    return "python3 benches/compare.py " + shlex.join(words)


def provenance(arguments, peak, versions):
    commit = output("git", "rev-parse", "--short=12", "HEAD") or "unknown commit"
    if output("git", "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock"):
        commit += " with changes"
    figures = {key: peak[key]["one_thread" if arguments.threads == 1 else "all_threads"]
               for key in ("fma_gflop_per_s", "memory_read_gb_per_s", "l2_read_gb_per_s")}
    one = peak["fma_gflop_per_s"]["one_thread"]
    return "\n".join([
        f"{datetime.date.today()}, {machine()}. {peak['peer']} at {commit}"
        + "".join(f", {version}" for version in sorted(versions)) + f". {arguments.threads} threads.",
        f"Peak as measured: {figures['fma_gflop_per_s']:.0f} GFLOP/s (one thread {one:.0f}), "
        f"{figures['memory_read_gb_per_s']:.0f} GB/s from memory, {figures['l2_read_gb_per_s']:.0f} GB/s from L2. "
        f"Load average {os.getloadavg()[0]:.1f} at the end.",
        "", "    " + command_line()])


def write(path, key, text):
    """Puts the text between the two marks of the key, at the end of the file where it has none."""
    begin, end = f"<!-- begin {key} -->", f"<!-- end {key} -->"
    whole = path.read_text() if path.exists() else "# Results\n"
    if begin not in whole:
        whole += f"\n## {key.capitalize()}\n\n{begin}\n{end}\n"
    before, rest = whole.split(begin, 1)
    after = rest.split(end, 1)[1]
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    temporary.replace(path)


def main():
    arguments = parse()
    modes = [mode for mode, wanted in ((scaling, arguments.scaling), (cores, arguments.cores)) if wanted]
    try:
        peak = run([arguments.program, "bench", "peak", "--json", "--threads", arguments.threads], 120)
    except Failed as error:
        sys.exit(f"{arguments.program} bench peak: {error}; build it by: cargo build --release")
    for mode in modes or [comparison]:
        for workload in arguments.only:
            key = f"{mode.__name__} {workload}"
            print(key, file=sys.stderr)
            measured, versions = mode(arguments, workload, peak)
            text = f"{measured}\n\n{provenance(arguments, peak, versions)}"
            write(ROOT / arguments.out, key, text)
            print(f"\n{key}\n\n{text}\n", flush=True)


if __name__ == "__main__":
    main()
