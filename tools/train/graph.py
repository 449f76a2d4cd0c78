# SPDX-License-Identifier: Apache-2.0
"""A training step as one CUDA graph: recorded once, then started by one call instead of some thousand launches."""
import torch

WARM_UP = 3     # calls before recording: libraries choose algorithms and allocate


class Replayed:
    """Calls `body`, a function that reads and writes the same tensors every time, never waits for the device and takes
    no new numbers from the host. On CUDA later calls replay what a call launched. Steps, recording and whatever writes
    the tensors between them belong on one stream that is not the default one (`use_own_stream`)."""

    def __init__(self, body, device, enabled=True):
        self.body, self.graph, self.calls = body, None, 0
        self.enabled = enabled and torch.device(device).type == "cuda"

    def __call__(self):
        if self.enabled and self.graph is None and self.calls >= WARM_UP:
            self._record()
        self.calls += 1
        if self.graph is not None:
            self.graph.replay()
        else:
            self.body()

    def _record(self):
        """Nothing is computed here. Other threads may allocate meanwhile, hence "thread_local"."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"):
                self.body()
            self.graph = graph
        except Exception as e:  # any library may refuse
            self.enabled = False
            print(f"no CUDA graph, steps are launched one by one: {type(e).__name__}: "
                  f"{str(e).strip().partition(chr(10))[0]}", flush=True)
            torch.cuda.synchronize()


def use_own_stream(device):
    if torch.device(device).type == "cuda":
        torch.cuda.set_stream(torch.cuda.Stream(device))
