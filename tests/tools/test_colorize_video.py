#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`chromafuse colorize` on videos, beside ffmpeg and ffprobe, which make the clips and look into the results.

Does not judge colours (tools/score_flicker.py); damaged files that need no ffmpeg are capture/video_in's.
usage: test_colorize_video.py CHROMAFUSE        exit status 77 without ffmpeg
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT, FRAMES = 160, 120, 12
GUIDED = ["--transfer", "guided"]  # without the network there are fewer kernels to build


def run(*command, **options):
    return subprocess.run(command, capture_output=True, check=False, **options)


def ffmpeg(*arguments):
    done = run("ffmpeg", "-v", "error", "-y", *arguments)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout


def probe(path, entries, stream):
    done = run("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", entries, "-of", "json", path)
    assert done.returncode == 0, (path, done.stderr.decode())
    return json.loads(done.stdout)


def times(path):
    frames = probe(path, "frame=pts_time,best_effort_timestamp_time", "v:0")["frames"]
    return [float(f.get("pts_time") or f["best_effort_timestamp_time"]) for f in frames]


def begin(path):
    """Time of the first packet of the sound."""
    return float(probe(path, "packet=pts_time", "a:0")["packets"][0]["pts_time"])


def sound(path):
    return ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-")


def pixels(path, kind="rgb24"):
    return ffmpeg("-i", path, "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", kind, "-")


class Case:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def colorize(self, *arguments, **options):
        return run(self.program, "colorize", *arguments, **options)

    def works(self, *arguments):
        done = self.colorize(*arguments)
        assert done.returncode == 0, (arguments, done.stderr.decode())
        return done.stderr.decode()

    def refused(self, word, *arguments, out=None, code=1):
        done = self.colorize(*arguments)
        line = done.stderr.decode()
        assert done.returncode == code, (arguments, done.returncode, line)
        lines = [t for t in line.splitlines() if not t.startswith("Try ")]
        assert len(lines) == 1 and word in lines[0], (arguments, line)
        assert not out or not os.path.exists(out), f"{out} was left behind"
        assert not [n for n in os.listdir(self.folder) if n.startswith(".")], os.listdir(self.folder)

    def make_clips(self):
        """Grey with sound and uneven times; the same in colour; lying on its side."""
        source = ["-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate=10:duration={FRAMES / 10}",
                  "-f", "lavfi", "-i", f"sine=frequency=440:duration={FRAMES / 10}"]
        uneven = "settb=1/1000,setpts='PTS+mod(N,3)*20'"
        ffmpeg(*source, "-vf", f"hue=s=0,{uneven}", "-vsync", "passthrough", "-enc_time_base", "1/1000", "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-c:a",
               "libopus" if b"libopus" in run("ffmpeg", "-encoders").stdout else "aac", self.path("gray.mkv"))
        ffmpeg(*source, "-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac", self.path("color.mp4"))
        ffmpeg(*source, "-vf", "hue=s=0", "-c:v", "mpeg4", "-q:v", "2", "-c:a", "aac", self.path("flat.mp4"))
        ffmpeg("-i", self.path("flat.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", self.path("side.mp4"))

    @staticmethod
    def compare_sync(before, after):
        """The same sound; every picture as long after its beginning as before. FFmpeg moves everything to let sound
        that a coder delayed begin at 0, but for Opus in Matroska, whose 6.5 ms its demuxer takes off again."""
        was, now = times(before), times(after)
        assert len(was) == len(now) == FRAMES, (was, now)
        assert sound(before) == sound(after)
        assert max(abs(b - now[0] - a + was[0]) for a, b in zip(was, now)) < 0.0015, (was, now)
        assert abs(now[0] - was[0] - begin(after) + begin(before)) < 0.0085, (was, now)

    def check_everything_stays(self):
        gray, out = self.path("gray.mkv"), self.path("out.mkv")
        self.works(gray, "-o", out)
        was, now = times(gray), times(out)
        assert len(was) == len(now) == FRAMES, (was, now)
        assert len({round(b - a, 2) for a, b in zip(was, was[1:])}) > 1, was
        self.compare_sync(gray, out)
        stream = probe(out, "stream=codec_name,width,height,color_space,color_primaries,color_range", "v:0")["streams"][0]
        assert (stream["width"], stream["height"]) == (WIDTH, HEIGHT), stream
        assert stream["color_space"] == stream["color_primaries"] == "bt709", stream
        assert stream["codec_name"] in ("h264", "mpeg4"), stream

    def check_luminance(self):
        gray, out = self.path("gray.mkv"), self.path("exact.mkv")
        self.works(gray, "-o", out, "--codec", "ffv1", *GUIDED)
        assert probe(out, "stream=codec_name", "v:0")["streams"][0]["codec_name"] == "ffv1"
        was, now = pixels(gray), pixels(out)
        assert len(was) == len(now) == 3 * WIDTH * HEIGHT * FRAMES
        worst = max(abs(a - b) for a, b in zip(was[::31], now[::31]))  # guided without points is grey
        assert worst <= 1, worst

    def check_deep(self):
        """Ten bits stay what they are: of 16 in FFV1 and Y4M, within a code in H.264; and 8 are told to be less."""
        deep = self.path("deep.mkv")
        ffmpeg("-f", "lavfi", "-i", f"nullsrc=size={WIDTH}x{HEIGHT}:rate=10:duration=0.3,format=gray10le,"
               "geq=lum='64+mod(X*5+Y*3+N*7,877)'", "-c:v", "ffv1", "-pix_fmt", "gray10le", "-color_range", "tv", deep)
        was = memoryview(pixels(deep, "gray10le")).cast("H")
        full = [(code - 64) / 876 for code in was]
        for name, more in (("deep-out.mkv", ("--codec", "ffv1")), ("deep.y4m", ())):
            self.works(deep, "-o", self.path(name), "--depth", "16", *more, *GUIDED)
        now = memoryview(pixels(self.path("deep-out.mkv"), "rgb48le")).cast("H")
        worst = max(abs(now[3 * i + c] / 65535 - full[i]) for i in range(0, len(full), 7) for c in range(3))
        assert worst < 2 / 65535, worst * 65535     # guided without points is grey
        kind = probe(self.path("deep-out.mkv"), "stream=pix_fmt", "v:0")["streams"][0]["pix_fmt"]
        assert kind == "gbrp16le", kind
        with open(self.path("deep.y4m"), "rb") as f:
            data = f.read()
        assert b" C420p16 " in data[:100], data[:100]
        luma = memoryview(data[data.index(b"FRAME\n") + 6:][:2 * WIDTH * HEIGHT]).cast("H")
        worst = max(abs((code / 256 - 16) / 219 - v) for code, v in zip(luma, full))
        assert worst < 2 / 65535, worst * 65535
        assert pixels(self.path("deep.y4m"), "yuv420p16le")[:2 * WIDTH * HEIGHT] == luma.tobytes()     # FFmpeg reads it so
        if b" libx264 " in run("ffmpeg", "-encoders").stdout:
            self.works(deep, "-o", self.path("deep.mp4"), "--depth", "16", *GUIDED)
            stream = probe(self.path("deep.mp4"), "stream=codec_name,pix_fmt", "v:0")["streams"][0]
            assert stream["codec_name"] == "h264" and stream["pix_fmt"] == "yuv420p10le", stream
        said = self.works(deep, "-o", self.path("deep8.mkv"), "--codec", "ffv1", *GUIDED)
        assert "10 bits" in said and "--depth 16" in said, said
        self.refused("8 bits", deep, "-o", self.path("no.avi"), "--depth", "16", "--codec", "mpeg4", out=self.path("no.avi"))

    def check_report(self):
        gray, report = self.path("gray.mkv"), self.path("report.json")
        done = self.colorize(gray, "-o", self.path("told.mkv"), "--codec", "ffv1", "--json", "--report", report, *GUIDED)
        assert done.returncode == 0, done.stderr
        with open(report, "rb") as f:
            told = f.read()
        assert told == done.stdout
        told = json.loads(told)
        assert (told["end"], told["frames"], told["size"], told["bits"]) == ("done", FRAMES, f"{WIDTH}x{HEIGHT}", 8), told
        assert abs(told["fps"] - 10) < 3 and told["tone_chroma"] < 1 and 0 <= told["noise"] < 0.2, told
        names = [stage["name"] for stage in told["stages"]]
        assert "recall" in names and "network" not in names and told["warnings"] == [], told
        self.refused("No such file", gray, "-o", self.path("told2.mkv"), "--report", self.path("none/r.json"), *GUIDED)

    def check_side(self):
        out = self.path("up.mp4")
        self.works(self.path("side.mp4"), "-o", out, *GUIDED)
        stream = probe(out, "stream=width,height", "v:0")["streams"][0]
        assert (stream["width"], stream["height"]) == (HEIGHT, WIDTH), stream
        self.works(self.path("flat.mp4"), "-o", self.path("flat.mkv"), *GUIDED)
        for result in (out, self.path("flat.mkv")):
            self.compare_sync(self.path("flat.mp4"), result)

    def check_color_is_refused(self):
        color, out = self.path("color.mp4"), self.path("forced.mkv")
        self.refused("--force", color, "-o", out, *GUIDED, out=out)
        self.works(color, "-o", out, "--force", *GUIDED)
        assert len(times(out)) == FRAMES

    def check_pipes(self):
        y4m = ffmpeg("-i", self.path("gray.mkv"), "-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-vsync", "passthrough",
                     "-")
        done = self.colorize("-", "-o", "-", *GUIDED, input=y4m)
        assert done.returncode == 0 and done.stdout.startswith(b"YUV4MPEG2 W160 H120"), done.stderr
        assert done.stdout.count(b"FRAME\n") == FRAMES
        with open(self.path("gray.mkv"), "rb") as f:
            done = self.colorize("-", "-o", self.path("piped.mkv"), *GUIDED, input=f.read())
        assert done.returncode == 0, done.stderr
        assert sound(self.path("piped.mkv")) == sound(self.path("gray.mkv"))

    def check_hints(self):
        """A red point of frame 4 colours what is behind it from there on, and what it lies on before: not."""
        hints, out = self.path("hints.json"), self.path("hinted.mkv")
        point = {"x": WIDTH // 2, "y": HEIGHT // 2, "size": 40, "rgb": [220, 40, 40], "frame": 4}
        with open(hints, "w", encoding="ascii") as f:
            json.dump({"points": [point]}, f)
        still = self.path("still.y4m")
        ffmpeg("-i", self.path("gray.mkv"), "-vf", "select='eq(n,0)',loop=11:1,setpts=N/10/TB", "-r", "10", "-pix_fmt",
               "yuv420p", still)
        self.works(still, "-o", out, "--codec", "ffv1", "--hints", hints)
        data, size = pixels(out), 3 * WIDTH * HEIGHT
        middle = 3 * (WIDTH * (HEIGHT // 2) + WIDTH // 2)
        redness = [data[i * size + middle] - data[i * size + middle + 1] for i in range(len(data) // size)]
        assert len(redness) >= 8 and max(redness[:4]) <= 2, redness
        assert min(redness[4:]) > 20, redness  # remembered after its frame
        with open(hints, "w", encoding="ascii") as f:
            json.dump({"points": [dict(point, frame=-1)]}, f)
        self.refused("frame", still, "-o", self.path("no.mkv"), "--hints", hints, out=self.path("no.mkv"))
        with open(hints, "w", encoding="ascii") as f:
            json.dump({"points": [dict(point, x=5000)]}, f)
        self.refused("outside", still, "-o", self.path("no.mkv"), "--hints", hints, out=self.path("no.mkv"))

    def check_bad_files(self):
        out = self.path("no.mkv")
        with open(self.path("words.mp4"), "w", encoding="ascii") as f:
            f.write("these are words " * 40)
        with open(self.path("flat.mp4"), "rb") as f, open(self.path("cut.mp4"), "wb") as g:
            data = f.read()
            g.write(data[:len(data) // 2])
        ffmpeg("-i", self.path("flat.mp4"), "-map", "0:a", "-c", "copy", self.path("sound.mp4"))
        ffmpeg("-i", self.path("flat.mp4"), "-frames:v", "2", "-f", "mjpeg", self.path("a.mjpeg"))
        ffmpeg("-i", self.path("flat.mp4"), "-frames:v", "2", "-s", "80x60", "-f", "mjpeg", self.path("b.mjpeg"))
        with open(self.path("sizes.mpg"), "wb") as f:
            for name in ("a.mjpeg", "b.mjpeg"):
                with open(self.path(name), "rb") as part:
                    f.write(part.read())
        self.refused("not a video", self.path("words.mp4"), "-o", out, out=out)
        self.refused("cut", self.path("cut.mp4"), "-o", out, out=out)
        self.refused("no video stream", self.path("sound.mp4"), "-o", out, out=out)
        self.refused("changes its size", self.path("sizes.mpg"), "-o", out, *GUIDED, out=out)
        self.refused("No such file", self.path("nothing.mkv"), "-o", out, out=out)
        flat = self.path("flat.mp4")
        self.refused("replace", flat, "-o", flat, code=2)
        self.refused("--provenance", flat, "-o", out, "--provenance", "p.png", out=out, code=2)
        self.refused("--codec", flat, "-o", out, "--codec", "vp9", out=out, code=2)
        self.refused("where is that to go", flat, "-o", self.path("no.webp"), code=2)
        self.refused("name a folder", flat, flat, "-o", out, out=out, code=2)
        self.refused("name a folder", self.folder, "-o", out, out=out, code=2)
        assert "sound" in self.works(flat, "-o", self.path("silent.y4m"), *GUIDED)

    def make_folder(self):
        """Two videos, a photograph, one video that is refused."""
        os.makedirs(self.path("in/reel"))
        for name, copy in (("gray.mkv", "in/a.mkv"), ("flat.mp4", "in/reel/b.mp4"), ("color.mp4", "in/c.mp4")):
            shutil.copy(self.path(name), self.path(copy))
        ffmpeg("-i", self.path("flat.mp4"), "-frames:v", "1", "-pix_fmt", "gray", self.path("in/d.png"))

    def found(self, folder):
        return sorted(os.path.relpath(os.path.join(at, name), self.path(folder))
                      for at, _, names in os.walk(self.path(folder)) for name in names)

    def check_folder(self):
        """Videos of folders among the photographs; what is there is not made again; a bad one stops nothing."""
        self.make_folder()
        for count in (3, 0):
            done = self.colorize(self.path("in"), "-o", self.path("all"), "--json", "--codec", "mpeg4", *GUIDED)
            assert done.returncode == 1 and b"c.mp4" in done.stderr and b"1 of 4 files failed" in done.stderr, done.stderr
            told = json.loads(done.stdout)
            assert (told["done"], told["skipped"], told["failed"]) == (count, 3 - count, 1), told
            assert self.found("all") == ["a.mkv", "d.png", "reel/b.mp4"], self.found("all")
        self.compare_sync(self.path("in/a.mkv"), self.path("all/a.mkv"))
        self.works(self.path("in/a.mkv"), self.path("in/reel"), "-o", self.path("two"), "--codec", "ffv1", *GUIDED)
        assert self.found("two") == ["a.mkv", "reel/b.mkv"], self.found("two")
        self.refused("replace", self.path("in/a.mkv"), "-o", self.path("in"), "--again", *GUIDED)
        done = self.colorize(self.path("in/a.mkv"), "-o", self.path("two"), "--again", "--json", *GUIDED)
        (told,) = json.loads(done.stdout)["files"]
        assert (told["end"], told["frames"], told["size"]) == ("done", FRAMES, f"{WIDTH}x{HEIGHT}"), told
        self.refused("--hints", self.path("in"), "-o", self.path("two"), "--hints", "h.json", code=2)
        os.mkfifo(self.path("in/reel/pipe.mkv"))
        os.symlink(self.path("nowhere.mp4"), self.path("in/reel/gone.mp4"))
        done = self.colorize(self.path("in/reel"), "-o", self.path("two"), *GUIDED, timeout=60)
        for word in (b"pipe.mkv: not a regular file", b"gone.mp4: No such file", b"2 of 3 files failed"):
            assert word in done.stderr, done.stderr

    def check_interrupted_folder(self):
        """Of the video that Ctrl-C ended nothing is left: a second run would take it for done."""
        os.makedirs(self.path("long"))
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=40,hue=s=0", "-c:v", "mpeg4", self.path("long/a.mkv"))
        os.makedirs(self.path("early"))
        with subprocess.Popen([self.program, "colorize", self.path("long"), "-o", self.path("early"), *GUIDED],
                              stderr=subprocess.PIPE) as process:
            end = time.time() + 60
            while time.time() < end and not os.listdir(self.path("early")):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, line = process.communicate(timeout=60)
        assert process.returncode == 1 and b"interrupted: 0 files are done; the same command goes on" in line, line
        assert not os.listdir(self.path("early")), os.listdir(self.path("early"))

    def check_interrupt(self):
        """Frames come slowly; Ctrl-C keeps what is done."""
        out = self.path("early.mkv")
        y4m = ffmpeg("-i", self.path("gray.mkv"), "-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-vsync",
                     "passthrough", "-")
        with subprocess.Popen([self.program, "colorize", "-", "-o", out, *GUIDED], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdin.write(y4m)  # and the pipe stays open
            process.stdin.flush()
            end = time.time() + 60
            while time.time() < end and not any(n.startswith(".") or n.startswith("early") for n in
                                                os.listdir(self.folder)):
                time.sleep(0.05)
            time.sleep(3)
            process.send_signal(signal.SIGINT)
            _, line = process.communicate(timeout=60)
        assert process.returncode == 1 and b"interrupted" in line, (process.returncode, line)
        if b"interrupted: 0" not in line:
            assert 1 <= len(times(out)) <= FRAMES + 1, (line, times(out))

    def check_is_repeatable(self):
        sums = set()
        for name in ("r1.mkv", "r2.mkv"):
            self.works(self.path("gray.mkv"), "-o", self.path(name), "--codec", "ffv1", *GUIDED)
            sums.add(hashlib.sha256(pixels(self.path(name))).hexdigest())
        assert len(sums) == 1


def main():
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("!! ffmpeg is not there: videos of other programs were not tried; capture/video_in reads our own")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        case = Case(sys.argv[1], folder)
        case.make_clips()
        for name in [n for n in dir(case) if n.startswith("check_")]:
            start = time.time()
            getattr(case, name)()
            print(f"{name}: {time.time() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
