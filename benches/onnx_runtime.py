"""Times ONNX Runtime on the peer's derived network and prints one JSON line, with the field names of the peer's bench.py.

    PEER/bin/pip install onnx onnxruntime onnxscript
    PEER/bin/python benches/onnx_runtime.py inference --peer ../shared/peers/pytorch --threads 2

Workloads: inference (batch 256), latency (batch 1). The network is exported with its weights and running statistics folded in
by ONNX Runtime's own optimiser, all levels.
"""
import argparse
import json
import statistics
import sys
import tempfile
import time

import onnxruntime
import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workload", choices=["inference", "latency"])
parser.add_argument("--peer", default="../shared/peers/pytorch")
parser.add_argument("--channels", type=int, default=16)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=5)
args = parser.parse_args()

sys.path.insert(0, args.peer)
from heart_darts import Derived  # noqa: E402

torch.manual_seed(0)
batch = 256 if args.workload == "inference" else 1
beats = torch.randn(batch, 2, 300)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = args.threads
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
with tempfile.TemporaryDirectory() as folder:
    path = f"{folder}/derived.onnx"
    torch.onnx.export(Derived(channels=args.channels).eval(), (beats,), path, input_names=["beats"], dynamo=True,
                      verbose=False)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
inputs = {session.get_inputs()[0].name: beats.numpy()}
for _ in range(3):
    session.run(None, inputs)
seconds = []
for _ in range(args.repetitions * (40 if args.workload == "latency" else 1)):
    start = time.perf_counter()
    session.run(None, inputs)
    seconds.append(time.perf_counter() - start)
median = statistics.median(seconds)
print(json.dumps({"peer": f"onnxruntime {onnxruntime.__version__}", "workload": args.workload, "channels": args.channels,
                  "threads": args.threads, "batch": batch, "samples_per_s": batch / median, "seconds": median,
                  "min": min(seconds), "max": max(seconds)}))
