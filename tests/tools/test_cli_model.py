#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`chromafuse model` and `bench --model` from outside, on networks made by hand, good and bad.

Does not prove that operators compute the right thing: cl/net's tests do. Standard library only.
Usage: test_cli_model.py CHROMAFUSE [NAME...]
"""
import json
import os
import random
import tempfile
import unittest

from cli_case import SANITIZED, Case, main, png_rows, read, run, tree, write
from onnx_maker import INT64, data, model, node, npy, number, read_npy, tensor, value

WEIGHTS = [0.5, -1.0, 2.0, 1.0]


def picture_net(dims=(1, 2, "h", "w"), extra=(), **more):
    """y = a 1x1 convolution of two channels to two."""
    return model([node("Conv", ["x", "w", "b"], ["y"], "mix"), *extra], [value("x", dims)],
                 [value("y", (1, 2, "h", "w"))], [tensor("w", (2, 2, 1, 1), WEIGHTS), tensor("b", (2,), [0.25, 0.0])],
                 **more)


def mixed(x):
    half = len(x) // 2
    return [sum(WEIGHTS[2 * o + c] * x[c * half + i] for c in range(2)) + (0.25, 0.0)[o]
            for o in range(2) for i in range(half)]


class ModelCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="chromafuse-model-")

    def setUp(self):
        super().setUp()
        self.net = write(self.path("net.onnx"), picture_net())
        self.x = [i * 0.5 - 3 for i in range(2 * 3 * 5)]
        self.input = write(self.path("x.npy"), npy((1, 2, 3, 5), self.x))

    def refuses(self, code, *patterns, words):
        """Fails with one line and leaves nothing behind."""
        before = tree(self.at)
        done = run(*words)
        self.complains(done, code, *patterns)
        self.assertEqual(tree(self.at), before, "the run left something behind")
        return done

    def refuses_file(self, content, *patterns):
        """A bad network: every command that reads it says so."""
        path = write(self.path("bad.onnx"), content)
        for words in (("model", "info", path), ("model", "run", path, "--input", "x=" + self.input),
                      ("bench", "--model", path, "--size", "5x3", "--frames", "1")):
            with self.subTest(words=words[:2]):
                done = self.refuses(1, r"bad\.onnx", *patterns, words=words)
                self.assertEqual(done.stdout, "")

    def refuses_plan(self, content, *patterns):
        """A network that is well-formed, but that we cannot plan: info tells what it is all the same."""
        path = write(self.path("bad.onnx"), content)
        for words in (("model", "run", path, "--input", "x=" + self.input),
                      ("bench", "--model", path, "--size", "5x3", "--frames", "1")):
            with self.subTest(words=words[:2]):
                self.assertEqual(self.refuses(1, *patterns, words=words).stdout, "")
        return run("model", "info", path, "--size", "5x3")


PORTS = {"mono": 1, "hint": 2, "confidence": 1, "sigma": 1, "transferred": 2, "doubt": 1, "vivid": 1}


def colorizer(nodes=None, ports=None, outputs=None, **more):
    """A network with the colorizer's ports that changes nothing, or less than that."""
    dims = {name: (1, planes, "h", "w") for name, planes in (ports or PORTS).items()}
    dims["vivid"] = (1, 1, 1, 1)
    nodes = nodes or [node("Identity", ["transferred"], ["chroma"]), node("Identity", ["doubt"], ["error"])]
    return model(nodes, [value(name, d) for name, d in dims.items()],
                 outputs or [value("chroma", (1, 2, "h", "w")), value("error", (1, 1, "h", "w"))], **more)


class Colorizer(Case):
    """`fuse --model`: any network with the right ports, and one clear line for others."""

    def refuses(self, content, *patterns):
        path = write(self.path("other.onnx"), content)
        before = tree(self.at)
        self.complains(run(*self.words(model=path)), 1, *patterns)
        self.assertEqual(tree(self.at), before)

    def test_one_that_changes_nothing(self):
        path, same = write(self.path("same.onnx"), colorizer()), self.path("same.png")
        self.good(transfer="guided", tone="none")
        self.good(model=path, output=same, tone="none")
        self.assertTrue(png_rows(same) == png_rows(self.out), "differs from --transfer guided")
        self.good(tone="none", output=same)
        self.assertFalse(png_rows(same) == png_rows(self.out), "the built-in network changes nothing, too")

    def test_other_ports(self):
        needed = "needed are inputs mono 1x1xHxW, hint 1x2xHxW"
        self.refuses(colorizer(ports={k: v for k, v in PORTS.items() if k != "doubt"},
                               nodes=[node("Identity", ["transferred"], ["chroma"]), node("Identity", ["mono"], ["error"])]),
                     r"other\.onnx", "no input 'doubt'", needed)
        self.refuses(colorizer(ports=dict(PORTS, hint=3)), r"other\.onnx", "'hint' is .x3x", needed)
        self.refuses(colorizer(ports=dict(PORTS, palette=3)), r"other\.onnx", "8 inputs", needed)
        self.refuses(picture_net(), r"other\.onnx", "no input 'transferred'", needed)

    def test_outputs_of_another_size(self):
        nodes = [node("GlobalAveragePool", ["transferred"], ["chroma"]), node("Identity", ["doubt"], ["error"])]
        self.refuses(colorizer(nodes), "'chroma' is 1x2x1x1")

    def test_no_network(self):
        for content in (b"", b"not a network", colorizer()[:-40], read(self.given("truth.png"))):
            self.refuses(content, r"other\.onnx")
        self.complains(run(*self.words(model=self.path("none.onnx"))), 1, r"none\.onnx", "No such file")
        self.complains(run(*self.words(model=self.at)), 1, self.at)


class Good(ModelCase):
    def test_run(self):
        out = self.path("y.npy")
        for more in ((), ("--reference",)):
            with self.subTest(more=more):
                done = run("model", "run", self.net, "--input", "x=" + self.input, "--output", "y=" + out, *more)
                self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", ""))
                shape, values = read_npy(read(out))
                self.assertEqual(shape, (1, 2, 3, 5))
                for got, want in zip(values, mixed(self.x), strict=True):
                    self.assertAlmostEqual(got, want, 5)

    def test_other_number_types(self):
        whole = [round(2 * v) for v in self.x]
        for descr in ("<i8", "<i4", "<f8"):
            path = write(self.path("i.npy"), npy((1, 2, 3, 5), whole, descr))
            done = run("model", "run", self.net, "--input", "x=" + path, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertAlmostEqual(json.loads(done.stdout)["outputs"][0]["max"], max(mixed(whole)), 4)

    def test_run_lists_outputs(self):
        done = run("model", "run", self.net, "--input", "x=" + self.input)
        self.assertRegex(done.stdout, r"^y  1x2x3x5  min -?[\d.]+  max [\d.]+  mean -?[\d.]+\n$")
        listed = json.loads(run("model", "run", self.net, "--input", "x=" + self.input, "--json").stdout)["outputs"][0]
        want = mixed(self.x)
        self.assertEqual((listed["name"], listed["shape"], listed["not_a_number"]), ("y", [1, 2, 3, 5], 0))
        for key, number_ in (("min", min(want)), ("max", max(want)), ("mean", sum(want) / len(want))):
            self.assertAlmostEqual(listed[key], number_, 5)

    def test_info(self):
        done = run("model", "info", self.net)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"opset 17.*hand(.|\n)*input +x  1x2x\?x\?  float\noutput +y(.|\n)*1  Conv\n")
        self.assertIn("--size", done.stdout)
        told = json.loads(run("model", "info", self.net, "--size", "40x30", "--json").stdout)
        self.assertEqual(told["opset"], 17)
        self.assertEqual(told["weights"], 6)
        self.assertEqual(told["inputs"][0], {"name": "x", "type": "float", "shape": [1, 2, None, None], "at": [1, 2, 30, 40]})
        self.assertEqual(told["operators"], [{"name": "Conv", "count": 1, "supported": True}])
        self.assertEqual(told["missing"], [])
        self.assertAlmostEqual(told["gflop"], 2 * 2 * 2 * 30 * 40 * 1e-9, delta=3e-6)
        for key in ("activation_bytes", "arena_bytes", "weight_bytes", "memory_bytes", "launches"):
            self.assertGreaterEqual(told[key], 0)
        same = json.loads(run("model", "info", self.net, "--shape", "x=1x2x30x40", "--json").stdout)
        self.assertEqual(same, told)

    def test_info_of_missing_operators(self):
        path = write(self.path("odd.onnx"), picture_net(extra=[node("Whirl", ["y"], ["z"], "w1"), node("Conv", ["y"], ["q"], domain="org.example")]))
        done = run("model", "info", path, "--size", "8x8")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"1  Whirl  MISSING\n")
        told = json.loads(run("model", "info", path, "--json").stdout)
        self.assertEqual(sorted(told["missing"]), ["Whirl", "org.example.Conv"])

    def test_bench(self):
        done = run("bench", "--model", self.net, "--size", "64x48", "--frames", "3", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = json.loads(done.stdout)
        self.assertEqual(told["inputs"], ["1x2x48x64"])
        self.assertEqual(told["frames"], 3)
        self.assertTrue(0 < told["min_ms"] <= told["median_ms"] <= told["max_ms"])
        self.assertGreater(told["gflops"], 0)
        self.assertGreater(told["peak_bytes"], 1e6)
        self.assertEqual(json.loads(run("bench", "--model", self.net, "--size", "64x48", "--json").stdout)["frames"], 20)
        done = run("bench", "--model", self.net, "--shape", "x=1x2x8x8", "--frames", "1", "--profile")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"1 frames: median (.|\n)*Conv 'mix'")


class BadFiles(ModelCase):
    def test_no_networks(self):
        self.refuses_file(b"", "empty")
        self.refuses_file(b"this is no network\n" * 10, "not an ONNX model")
        self.refuses_file(read(self.input), "not an ONNX model")
        self.refuses_file(bytes(1000), "not an ONNX model")
        os.mkdir(self.path("folder"))
        for path in (self.path("missing.onnx"), self.path("folder"), "/dev/null"):
            for words in (("model", "info", path), ("bench", "--model", path)):
                self.refuses(1, path, words=words)

    def test_truncated(self):
        whole = picture_net()
        for size in range(0, len(whole), 3 if not SANITIZED else 11):
            path = write(self.path("cut.onnx"), whole[:size])
            self.refuses(1, r"cut\.onnx", words=("model", "info", path))

    def test_hostile(self):
        """Flipped bits: any outcome but a crash, a second line, or a file of a failed run."""
        whole, out = picture_net((1, 2, 3, 5)), self.path("y.npy")
        random.seed(1)
        for i in range(10 if SANITIZED else 60):
            bad = bytearray(whole)
            for _ in range(1 + i % 3):
                bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
            path = write(self.path("hostile.onnx"), bytes(bad))
            with self.subTest(i=i):
                done = run("model", "run", path, "--input", "x=" + self.input, "--output", "y=" + out)
                self.assertIn(done.returncode, (0, 1), done.stderr)
                if done.returncode:
                    self.complains(done, 1)
                    self.assertFalse(os.path.exists(out))
                else:
                    os.remove(out)

    def test_graphs(self):
        self.refuses_file(picture_net(opset=9), "opset 9")
        self.refuses_file(picture_net(opset=25), "opset 25")
        self.refuses_file(picture_net(ir=2), "IR version 2")
        self.refuses_file(model([], [value("x", (1,))], []), "no outputs")
        self.refuses_file(picture_net(extra=[node("Conv", ["gone", "w"], ["z"], "c2")]), "Conv 'c2'", "'gone'")
        self.refuses_file(picture_net(extra=[node("Conv", ["x", "w"], ["y"], "c2")]), "Conv 'c2'", "'y'")
        self.refuses_file(picture_net(extra=[node("Conv", ["p", "w"], ["q"]), node("Conv", ["q", "w"], ["p"])]), "Conv #", "its own output")
        for dims, pattern in (((1 << 40, 2), "too large"), ((-1, 2), "negative"), ((3, 2), "bytes of data"),
                              ((1 << 62, 1 << 62), "too large"), ((1,) * 9, "9 dimensions")):
            bad = tensor("huge", dims, WEIGHTS)
            self.refuses_file(model([], [value("x", (1,))], [value("huge", None)], [bad]), "tensor 'huge'", pattern)
        outside = tensor("far", (4,), [], raw=True) + number(14, 1) + data(13, data(1, "location") + data(2, "/etc/passwd"))
        self.refuses_file(model([], [], [value("far", None)], [outside]), "tensor 'far'", "another file")
        self.refuses_file(model([], [value("\x1b[31mred", (1,), 8)], [value("x", None)]), r"'\?\[31mred'")

    def test_plans(self):
        done = self.refuses_plan(picture_net(extra=[node("Whirl", ["y"], ["z"], "w1")]), "Whirl 'w1'")
        self.assertEqual(done.returncode, 0)
        self.refuses_plan(picture_net(extra=[node("Conv", ["y", "w"], ["z"], "c2", domain="org.example")]), "org.example.Conv 'c2'")
        for more, pattern in ((dict(group=7), "Conv 'mix'"), (dict(strides=[0, 0]), "Conv 'mix'"), (dict(pads=[-1]), "Conv 'mix'"),
                              (dict(dilations=[1 << 40, 1]), "Conv 'mix'"), (dict(kernel_shape=[9, 9]), "Conv 'mix'"),
                              (dict(pads=[1 << 60] * 4), "Conv 'mix'"), (dict(colour=1), "'colour'"), (dict(group="one"), "'group'")):
            net = model([node("Conv", ["x", "w"], ["y"], "mix", **more)], [value("x", (1, 2, "h", "w"))], [value("y", None)],
                        [tensor("w", (2, 2, 1, 1), WEIGHTS)])
            done = self.refuses_plan(net, pattern)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, "1  Conv")


class BadWords(ModelCase):
    def test_usage(self):
        for words in (("model",), ("model", "info"), ("model", "look", self.net), ("model", "info", self.net, self.net),
                      ("model", "info", self.net, "--input", "x=a.npy"), ("model", "run", self.net, "--size", "8x8"),
                      ("model", "run", self.net, "--input", "x"), ("model", "run", self.net, "--input", "x="),
                      ("model", "info", self.net, "--size", "0x5"), ("model", "info", self.net, "--size", "wide"),
                      ("bench", "--model", ""), ("bench", "--model", self.net, "--frames", "0"),
                      ("bench", "--model", self.net, "--size", "8x8", "--size", "9x9"), ("bench", "--frames", "3"),
                      ("bench", "--model", self.net, "--stage", "demosaic"), ("bench", "--profile")):
            with self.subTest(words=words):
                self.refuses(2, words=words)

    def test_sizes(self):
        self.refuses(1, "input 'x' is 1x2x.x.", "--size", words=("bench", "--model", self.net))
        self.refuses(1, "no input takes the size 9x9", words=("bench", "--model", write(self.path("f.onnx"), picture_net((1, 2, 4, 4))), "--size", "9x9"))
        for shape, pattern in (("x=1x3x8x8", "1x2x"), ("x=1x2x8", "1x2x"), ("x=1x2xax8", "written like"), ("x=1x2x0x8", "written like"),
                               ("q=1x2x8x8", "'x', no 'q'"), ("x=1x2x8x8x", "written like"), ("x=1x2x99999999999x8", "written like")):
            with self.subTest(shape=shape):
                self.refuses(1, pattern, words=("model", "info", self.net, "--shape", shape))
        self.refuses(1, words=("bench", "--model", self.net, "--shape", "x=1x2x30000x30000"))

    def test_inputs(self):
        out = "y=" + self.path("y.npy")
        for given, pattern in (((), "input 'x' is not given"), (("z=" + self.input,), "has input 'x', no 'z'"),
                               (("x=" + self.input,) * 2, "given before"), (("x=" + self.path("no.npy"),), r"no\.npy"),
                               (("x=" + self.at,), "not a regular file"), (("x=" + self.net,), "not a NumPy file")):
            words = [word for one in given for word in ("--input", one)]
            with self.subTest(given=given):
                self.refuses(1, pattern, words=("model", "run", self.net, *words, "--output", out))
        for shape in ((1, 3, 2, 5), (2, 3, 5), (30,), (2, 2, 3, 5)):
            count = 1
            for d in shape:
                count *= d
            path = write(self.path("odd.npy"), npy(shape, [0.0] * count))
            self.refuses(1, r"odd\.npy", "1x2x.x.", words=("model", "run", self.net, "--input", "x=" + path))
        whole = read(self.input)
        for bad, pattern in ((whole[:-1], "bytes of data"), (whole + b"x", "bytes of data"), (whole[:40], "not a NumPy file|cut short"),
                             (whole.replace(b"<f4", b"<c8"), "type '<c8'"), (whole.replace(b"<f4", b">f4"), "big-endian"),
                             (whole.replace(b"False", b"True "), "column by column"), (whole.replace(b"(1,", b"(9,"), "bytes of data"),
                             (whole.replace(b"shape", b"shade"), "header")):
            path = write(self.path("bad.npy"), bad)
            self.refuses(1, r"bad\.npy", pattern, words=("model", "run", self.net, "--input", "x=" + path))

    def test_outputs(self):
        given = ("--input", "x=" + self.input)
        self.refuses(1, "output 'y', no 'z'", words=("model", "run", self.net, *given, "--output", "z=" + self.path("z.npy")))
        self.refuses(1, "nowhere", words=("model", "run", self.net, *given, "--output", "y=" + self.path("nowhere", "y.npy")))
        self.refuses(1, "cannot write", words=("model", "run", self.net, *given, "--output", "y=" + self.at))

    def test_integer_inputs(self):
        net = write(self.path("int.onnx"), model([], [value("n", (2,), INT64)], [value("n", (2,), INT64)]))
        path = write(self.path("f.npy"), npy((2,), [1.0, 2.0]))
        self.refuses(1, "takes integers", words=("model", "run", net, "--input", "n=" + path))


if __name__ == "__main__":
    main()
