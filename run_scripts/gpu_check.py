"""The steps of gpu_check.sh, which starts this: each is a process of its own, and one row of the table.

Needs Python 3.8 or newer and no package.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

# Tests that compare with recorded numbers, on the device that -Dedgeprune.device names.
GOLDENS = [
    "engine.Gpt2GoldenTest",
    "engine.LlamaGoldenTest",
    "engine.TracrGoldenTest",
    "eval.HuggingFaceGoldenTest",
    "eval.InterchangeGoldenTest",
    "attribute.GradientAttributionGoldenTest",
    "attribute.CurveGoldenTest",
]
# Tests that compare CPU and GPU themselves.
ON_GPU = ["torch.CudaTensorTest", "engine.ExecutionTest"]

REPORT = "gpu-check.json"

# Of the circuits of two runs that differ in the last bits of their sums.
LEAST_OVERLAP = 0.9
# Of the losses of a run's first steps, relatively to the largest, between two ways to compute them.
MOST_DIFFERENCE = 1e-3
# For one process.
MOST_SECONDS = 900


def stop(why):
    print(f"gpu_check: {why}", file=sys.stderr)
    sys.exit(2)


class Skipped(Exception):
    pass


class Failed(Exception):
    pass


class NoDevice(Exception):
    pass


class Check:
    def __init__(self, options):
        self.o = options
        self.out = Path(options.out).resolve()
        self.logs = self.out / "logs"
        if self.out.is_dir() and any(self.out.iterdir()) and not (self.out / REPORT).is_file():
            stop(f"{self.out}: holds files that are not of a check: name another folder with --out")
        try:
            if self.out.is_dir():
                shutil.rmtree(self.out)
            self.logs.mkdir(parents=True)
        except OSError as e:
            stop(f"{self.out}: {e.strerror}: name another folder with --out")
        (self.out / REPORT).write_text("{}\n")
        self.gpu = options.device.startswith("cuda")
        self.steps = 150 if self.gpu else 30
        self.rows = []
        self.environment = dict(os.environ, CUBLAS_WORKSPACE_CONFIG=":4096:8", OMP_WAIT_POLICY="passive")

    # ---- processes -------------------------------------------------------------------------------------------------

    def run(self, command, name):
        """Its standard output; its errors are in the log of that name."""
        log = self.logs / f"{name}.log"
        with open(log, "a") as errors:
            print("$", *command, file=errors, flush=True)
            try:
                done = subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=errors, text=True, env=self.environment, timeout=MOST_SECONDS
                )
            except subprocess.TimeoutExpired:
                raise Failed(f"took more than {MOST_SECONDS} s: {log}") from None
            print(done.stdout, file=errors)
        if done.returncode != 0:
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("edgeprune: ")]
            raise Failed(lines[-1][len("edgeprune: ") :] if lines else f"exit status {done.returncode}: {log}")
        return done.stdout

    def edgeprune(self, name, *arguments):
        return self.run([self.o.launcher, *map(str, arguments)], name)

    def bench(self, name, *arguments):
        with DeviceMemory(self.o.device) as memory:
            found = json.loads(self.edgeprune(name, "bench", "--json", "--device", self.o.device, *arguments))
        found["device_memory_bytes"] = memory.peak
        return found

    def prune(self, folder, steps, *arguments):
        self.edgeprune(
            folder, "prune", "--published", "--task", "ioi", "--steps", steps, "--evaluate-every", 0, "--save-every", 0,
            "--micro-batch", 0, "--out", self.out / folder, *arguments,
        )
        return self.out / folder

    def junit(self, name, classes, device):
        # Not in parallel: the GPU is one.
        command = [
            str(Path(self.environment["JAVA_HOME"], "bin", "java")), "--enable-native-access=ALL-UNNAMED", "-Xmx4g",
            f"-Dedgeprune.device={device}", "-Djunit.jupiter.execution.parallel.enabled=false",
            "-cp", os.pathsep.join([self.o.tests, self.o.class_path.rstrip(os.pathsep), self.o.junit]),
            "org.junit.platform.console.ConsoleLauncher", "execute", "--disable-banner", "--disable-ansi-colors", "--details=summary",
        ]
        for each in classes:
            command += ["--select-class", f"org.edgeprune.{each}"]
        try:
            text, failure = self.run(command, name), None
        except Failed as failed:
            text, failure = (self.logs / f"{name}.log").read_text(), failed
        counts = {word: int(count) for count, word in re.findall(r"\[ *(\d+) tests (successful|failed|skipped) *\]", text)}
        if failure or not counts.get("successful"):
            raise Failed(f"{counts.get('failed', 'no')} tests failed: {self.logs / name}.log")
        return f"{counts['successful']} tests passed", counts

    # ---- the steps -------------------------------------------------------------------------------------------------

    def doctor(self):
        found = json.loads(self.edgeprune("doctor", "doctor", "--json"))
        libtorch = found["libtorch"]
        self.devices = libtorch["devices"]
        return f"libtorch {libtorch['version']}, {', '.join(libtorch['devices'])}", found

    def goldens_on_cpu(self):
        return self.junit("goldens-cpu", GOLDENS, "cpu")

    def circuit_on_cpu(self):
        return self.circuit(self.prune("run-cpu", self.steps, "--device", "cpu"))

    def device(self):
        """The first thing that needs it."""
        try:
            self.edgeprune(
                "device", "bench", "--config", "gpt2", "--layers", 1, "--batch-size", 1, "--tokens", 4, "--warm-up", 0,
                "--repeat", 1, "--device", self.o.device,
            )
        except Failed as failed:
            raise NoDevice(str(failed)) from None
        return "a step of one layer", None

    def goldens(self):
        return self.junit("goldens-device", GOLDENS + (ON_GPU if self.gpu else []), self.o.device)

    def agreement(self):
        self.prune("run-device", self.steps, "--device", self.o.device)
        found = json.loads(self.edgeprune("compare", "compare", "--json", self.out / "run-cpu", self.out / "run-device"))
        overlap = found["overlap"][0][1]
        if overlap < LEAST_OVERLAP:
            raise Failed(f"the circuits of CPU and {self.o.device} share {overlap:.3f} of their edges, less than {LEAST_OVERLAP}")
        first = self.difference("run-cpu", "run-device", steps=5)
        return f"{overlap:.3f} of the edges shared, first losses differ by {first:.1e}", found

    def determinism(self):
        again = self.prune("run-again", self.steps, "--device", self.o.device)
        digests = [digest(run) for run in (self.out / "run-device", again)]
        if digests[0] != digests[1]:
            raise Failed("two runs have different masks")
        return f"the same masks after {self.steps} steps", digests[0]

    def gpt2_steps(self):
        shape = ["--config", "gpt2", "--batch-size", 32 if self.gpu else 4, "--tokens", 20, "--repeat", 5 if self.gpu else 1]
        shape += ["--warm-up", 2 if self.gpu else 0]
        rows = {
            "full": self.bench("gpt2-full", *shape),
            "cached": self.bench("gpt2-cached", *shape, "--cached"),
            "cached, 95% cut": self.bench("gpt2-95", *shape, "--cached", "--edge-sparsity", 0.95),
        }
        if self.gpu:
            rows["full, bf16"] = self.bench("gpt2-bf16", *shape, "--compute-dtype", "bf16")
        self.full_step = rows["full"]["step_s"]
        return "; ".join(f"{name} {1e3 * row['step_s']:.1f} ms" for name, row in rows.items()) + megabytes(rows["full"]), rows

    def codellama_steps(self):
        layers = self.o.layers or (layers_that_fit(self.o.device) if self.gpu else 1)
        size = ["--batch-size", 2, "--tokens", 16, "--repeat", 3] if self.gpu else ["--batch-size", 1, "--tokens", 2, "--repeat", 1]
        row = self.bench(
            "codellama", "--config", "codellama-13b", "--layers", layers, "--compute-dtype", "bf16", "--recompute", *size,
            "--warm-up", 1 if self.gpu else 0,
        )
        return f"{layers} of 40 layers: {row['step_s']:.3f} s{megabytes(row)}", row

    def published(self):
        if not self.o.published:
            raise Skipped("--published names no checkout of the published code")
        script = Path(__file__).parent / "peers" / "published_steps.py"
        batch = 32 if self.gpu else 4
        with DeviceMemory(self.o.device) as memory:
            row = json.loads(self.run(
                [sys.executable, str(script), "--clone", str(Path(self.o.published).resolve()), "--batch-size", str(batch),
                 "--tokens", "20", "--padding", "20", "--repeat", "5" if self.gpu else "1", "--device", self.o.device],
                "published",
            ))
        row["device_memory_bytes"] = memory.peak
        theirs = sorted(row["step_s"])[len(row["step_s"]) // 2]
        ratio = f", {theirs / self.full_step:.1f} x ours" if hasattr(self, "full_step") else ""
        return f"{1e3 * theirs:.1f} ms a step{ratio}{megabytes(row)}", row

    def device_map(self):
        self.prune("run-map", 5, "--device", self.o.device, "--device-map", f"cpu,{self.o.device}")
        return f"layers on the CPU and on {self.o.device}: losses differ by {self.close('run-map'):.1e}", None

    def offload(self):
        self.prune("run-offload", 5, "--device", self.o.device, "--offload")
        difference = self.close("run-offload")
        model = self.out / "gpt2-shape"
        self.edgeprune("offload", "init", "--config", "gpt2", "-o", model)
        size = ["--batch-size", 32, "--repeat", 3] if self.gpu else ["--batch-size", 2, "--repeat", 1, "--warm-up", 0]
        row = self.bench("offload", "--model", model, "--offload", "--tokens", 20, *size)
        shutil.rmtree(model)
        return f"losses differ by {difference:.1e}; GPT-2 small's shape {1e3 * row['step_s']:.1f} ms{megabytes(row)}", row

    def several_gpus(self):
        """The same run on 1, 2, 3 and all GPUs, cut alike: the same bits; and copies of the model of two GPUs each."""
        names = [device for device in self.devices if device.startswith("cuda")] if self.gpu else []
        count = len(names)
        if count < 2:
            raise Skipped(f"{count or 'no'} GPU here")
        cut = ["--micro-batch", 40]  # in place of whole batches: the last of several counts
        digests, seconds = {}, {}
        for copies in sorted({1, 2, min(3, count), count}):
            run = self.prune(f"run-gpus-{copies}", 20, *cut, "--device", ",".join(names[:copies]))
            digests[copies] = digest(run)
            seconds[copies] = self.seconds(run)
        wrong = [copies for copies, masks in digests.items() if masks != digests[1]]
        if wrong:
            raise Failed(f"the masks on {wrong} GPUs are not those on one: are all GPUs of one model ({', '.join(sorted(set(gpus())))})?")
        groups = "/".join(f"{names[i]},{names[i + 1]}" for i in range(0, min(count, 4) - 1, 2))
        grouped = self.prune("run-gpu-groups", 20, *cut, "--device-map", groups)
        if digest(grouped) != digests[1]:
            raise Failed(f"the masks with --device-map {groups} are not those on one GPU")
        steps = ", ".join(f"{copies}: {1e3 * s:.1f} ms" for copies, s in seconds.items())
        return f"the same masks on {', '.join(map(str, digests))} GPUs and with --device-map {groups}; a step on {steps}", seconds

    def sanitizer(self):
        tool = shutil.which("compute-sanitizer")
        if not self.gpu or not tool:
            raise Skipped("needs a GPU" if not self.gpu else "compute-sanitizer is not installed")
        self.run(
            [tool, "--tool", "memcheck", "--target-processes", "all", "--error-exitcode", "99", self.o.launcher, "prune",
             "--published", "--task", "ioi", "--steps", "2", "--device", self.o.device, "--out", str(self.out / "run-sanitizer")],
            "sanitizer",
        )
        return "no error of memory in two steps", None

    # ---- what they share ---------------------------------------------------------------------------------------------

    def circuit(self, run):
        found = json.loads((run / "metrics.json").read_text())
        return f"{found['num_edges']} edges after {self.steps} steps", found

    def seconds(self, run):
        """Of a step: the median of the later half, in which all GPUs have run every example."""
        steps = [json.loads(line)["seconds"] for line in open(run / "metrics.jsonl")]
        return sorted(steps[len(steps) // 2 :])[len(steps) // 4]

    def losses(self, run):
        return [json.loads(line)["kl"] for line in open(self.out / run / "metrics.jsonl")]

    def difference(self, one, other, steps):
        """The largest of the first steps' losses, relatively to the largest loss."""
        a, b = self.losses(one)[:steps], self.losses(other)[:steps]
        return max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, a))

    def close(self, run):
        self.prune("run-five", 5, "--device", self.o.device)
        found = self.difference("run-five", run, steps=5)
        shutil.rmtree(self.out / "run-five")
        if not found <= MOST_DIFFERENCE:
            raise Failed(f"its losses differ from the plain run's by {found:.1e}, more than {MOST_DIFFERENCE}")
        return found

    def all(self):
        for name, step in [
            ("doctor", self.doctor),
            ("recorded numbers, CPU", self.goldens_on_cpu),
            ("run, CPU", self.circuit_on_cpu),
            (self.o.device, self.device),
            (f"recorded numbers, {self.o.device}", self.goldens),
            (f"run, {self.o.device}, against the CPU", self.agreement),
            ("the same run again", self.determinism),
            ("steps, GPT-2 small's shape", self.gpt2_steps),
            ("steps, CodeLlama-13B's shape", self.codellama_steps),
            ("published code", self.published),
            ("--device-map", self.device_map),
            ("--offload", self.offload),
            ("several GPUs", self.several_gpus),
            ("compute-sanitizer", self.sanitizer),
        ]:
            self.step(name, step)

    def step(self, name, body):
        print(f"gpu_check: {name} ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        data = None
        try:
            result, (detail, data) = "passed", body()
        except Skipped as skipped:
            result, detail = "skipped", str(skipped)
        except Failed as failed:
            result, detail = "FAILED", str(failed)
        except (OSError, ValueError, KeyError) as e:  # what a command printed or wrote is not what was expected
            result, detail = "FAILED", f"{type(e).__name__}: {e}"
        except NoDevice as none:
            self.rows.append({"step": name, "result": "no device", "seconds": 0, "detail": str(none), "data": None})
            raise
        seconds = round(time.monotonic() - began, 1)
        self.rows.append({"step": name, "result": result, "seconds": seconds, "detail": detail, "data": data})

    def failed(self):
        return any(row["result"] == "FAILED" for row in self.rows)

    def write(self):
        report = {
            "device": self.o.device,
            "gpus": gpus(),
            "machine": platform.platform(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "libtorch": os.environ.get("EDGEPRUNE_LIBTORCH", "bundled"),
            "steps": self.rows,
        }
        file = self.out / REPORT
        file.write_text(json.dumps(report, indent=1) + "\n")
        width = max(len(row["step"]) for row in self.rows)
        for row in self.rows:
            print(f"{row['step']:<{width}}  {row['result']:<9}  {row['seconds']:>6.1f} s  {row['detail']}")
        print(f"\n{file}")


class DeviceMemory:
    """The peak of a GPU's memory in use, by all its processes, in bytes; None on the CPU."""

    def __init__(self, device):
        self.index = (device.split(":") + ["0"])[1] if device.startswith("cuda") else None
        self.peak = None
        self.done = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch, daemon=True)
        if self.index is not None and shutil.which("nvidia-smi"):
            self.thread.start()
        return self

    def watch(self):
        while not self.done.wait(0.2):
            used = nvidia("memory.used", "-i", self.index)
            if used:
                self.peak = max(self.peak or 0, int(used[0]) << 20)

    def __exit__(self, *_):
        self.done.set()
        if self.thread.is_alive():
            self.thread.join()


def digest(run):
    return hashlib.sha256((run / "masks.safetensors").read_bytes()).hexdigest()


def nvidia(query, *arguments):
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def gpus():
    return nvidia("name,memory.total,driver_version")


def layers_that_fit(device):
    """bf16: 0.64 GB a layer, 0.7 GB of embeddings, some GB of states."""
    free = nvidia("memory.free", "-i", (device.split(":") + ["0"])[1])
    gigabytes = int(free[0]) / 1000 if free else 16
    return max(1, min(40, int((gigabytes - 5) / 0.7)))


def megabytes(row):
    return f", {row['device_memory_bytes'] / 1e6:,.0f} MB of the GPU" if row.get("device_memory_bytes") else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--launcher", "--tests", "--junit", "--class-path", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--published")
    parser.add_argument("--layers", type=int)
    check = Check(parser.parse_args())
    try:
        check.all()
    except NoDevice as none:
        check.write()
        print(f"gpu_check: {none}", file=sys.stderr)
        return 1 if check.failed() else 2
    check.write()
    return 1 if check.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
